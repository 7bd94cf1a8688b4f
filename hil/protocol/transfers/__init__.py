"""What a session carries: a clip, or a stream, each as requests that may be lost and sent again."""
