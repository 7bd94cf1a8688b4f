"""Where upstream's example and its ports keep what belongs to a model, and what they call it.

Source:
    micro_speech in tensorflow/tflite-micro, tensorflow/tflite-micro-arduino-examples,
    espressif/esp-tflite-micro, raspberrypi/pico-tflmicro, SiliconLabs/tflite-micro-efr32-examples and
    ARM-software/AVH-TFLmicrospeech.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Array:
    """A .tflite in C++.

    Attributes:
        path: of its files, without suffix.
        name, size, size_type: of the array, and of the constant that says how long it is.
        size_in_header: whether that is a constant of the header.
        header_only: whether there is no source.
    """

    path: str
    name: str = "g_model"
    size: str = "g_model_len"
    size_type: str = "int"
    size_in_header: bool = False
    header_only: bool = False


@dataclass(frozen=True)
class Port:
    """One version of the example.

    Attributes:
        folder: of the export.
        root: what stands before the paths of its files in there.
        have, place: for the README: whom it is for, and where the files go.
        settings: path of micro_model_settings, without suffix.
        suffix: of sources.
        front_end: what computes features; None where the port has a library for it.
        program: what has setup() and loop(); empty where a test takes its place.
        labels_apart: whether the settings have a source.
        library_header: that the Arduino IDE finds TFLite-Micro by.
        score_type: of what RecognizeCommands gives.
        starts_audio: whether setup() calls InitAudioRecording().
        counts_slices: whether the time moves on by the slices that were made.
    """

    folder: str
    have: str
    place: str
    settings: str
    model: Array
    suffix: str = ".cc"
    front_end: Array | None = None
    root: str = ""
    program: str = ""
    labels_apart: bool = True
    library_header: str = ""
    score_type: str = "uint8_t"
    starts_audio: bool = False
    counts_slices: bool = False


def _upstream(name: str) -> Array:
    """As generate_cc_arrays.py calls it."""
    return Array(
        f"models/{name}_model_data", f"g_{name}_model_data", f"g_{name}_model_data_size", "unsigned int", True
    )


UPSTREAM = Port(
    folder="tflite-micro",
    root="tensorflow/lite/micro/examples/micro_speech/",
    have="tensorflow/tflite-micro as it is now, or a tree by its create_tflm_tree.py",
    place="the root of the checkout; of a tree: `micro_speech/` to `examples/`",
    settings="micro_model_settings",
    model=_upstream("micro_speech_quantized"),
    front_end=_upstream("audio_preprocessor_int8"),
    labels_apart=False,
)
_OF_2020 = "micro_features/micro_model_settings"
_MODEL_OF_2020 = Array("micro_features/model")
OTHERS = (
    Port(
        folder="esp-tflite-micro",
        have="espressif/esp-tflite-micro",
        place="`examples/micro_speech/main/`",
        settings="micro_model_settings",
        model=Array("model"),
        front_end=Array(
            "audio_preprocessor_int8_model_data",
            "g_audio_preprocessor_int8_tflite",
            "g_audio_preprocessor_int8_tflite_len",
            "unsigned int",
            header_only=True,
        ),
        program="main_functions.cc",
        labels_apart=False,
        score_type="float",
    ),
    Port(
        folder="arduino",
        have="Arduino_TensorFlowLite, Harvard_TinyMLx",
        place="`examples/micro_speech/` of the library, or your copy of the sketch",
        settings="micro_features_micro_model_settings",
        model=Array("micro_features_model"),
        suffix=".cpp",
        program="micro_speech.ino",
        library_header="TensorFlowLite.h",
        starts_audio=True,
        counts_slices=True,
    ),
    Port(
        folder="pico-tflmicro",
        have="pico-tflmicro of 2020 to 2023",
        place="`examples/micro_speech/`",
        settings=_OF_2020,
        model=_MODEL_OF_2020,
        suffix=".cpp",
        program="main_functions.cpp",
    ),
    Port(
        folder="silabs",
        have="SiliconLabs/tflite-micro-efr32-examples",
        place="the folder with `main_functions.cc`",
        settings=_OF_2020,
        model=Array(
            "micro_speech_model_data",
            "g_micro_speech_model_data",
            "g_micro_speech_model_data_size",
            "unsigned int",
        ),
        program="main_functions.cc",
    ),
    Port(
        folder="until-2023",
        have="the example as upstream had it until 2023: SparkFun Edge, Arm's virtual hardware, most others",
        place="the folder with `main_functions.cc`",
        settings=_OF_2020,
        model=_MODEL_OF_2020,
        program="main_functions.cc",
    ),
)
PORTS = (UPSTREAM, *OTHERS)
