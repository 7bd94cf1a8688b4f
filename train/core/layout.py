"""What the folders, files and splits of a corpus are called; Speech Commands has them so."""

TRAINING, VALIDATION, TESTING = "training", "validation", "testing"
SPLITS = (TRAINING, VALIDATION, TESTING)
ALL = "all"  # stands for the three together where a corpus is only evaluated on
BACKGROUND_FOLDER = "_background_noise_"
SPEAKER_END = "_nohash_"  # in the name of a clip, behind the speaker
SPLIT_LISTS = {VALIDATION: "validation_list.txt", TESTING: "testing_list.txt"}
