"""Other programs: started in one way, and none of them outlives this process, however it ends."""
