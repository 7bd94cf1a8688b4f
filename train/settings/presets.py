"""Presets: a front end, a network and a recipe that go well together, under one name."""

from dataclasses import asdict, dataclass

from train.core import spec
from train.core.spec import FrontEnd
from train.settings import recipe

_NO_SETTINGS = ("name", "summary", "reached", "start_from")


@dataclass(frozen=True)
class Preset:
    """What ``--preset NAME`` stands for. Any flag that is given overrides its value.

    Attributes:
        summary: one line.
        reached: what it brought on real recordings, as docs/ACCURACY.md has it; "": the summary says.
        preprocess, architecture, recipe, window_stride_ms: values of the flags of that name.
        start_from: likewise, where network and front end are those of the preset; "": from nothing.
    """

    name: str
    summary: str
    reached: str
    preprocess: str
    architecture: str
    recipe: str
    window_stride_ms: int = FrontEnd().window_stride_ms
    start_from: str = ""

    @property
    def settings(self) -> dict[str, str | int]:
        """The values that need nothing to fit, by the names of the flags that they stand in for."""
        values = asdict(self)
        return {name: values[name] for name in values if name not in _NO_SETTINGS}

    @property
    def shown(self) -> dict[str, str | int]:
        """The values for --help: without those that are as without a preset."""
        usual = {"window_stride_ms": FrontEnd().window_stride_ms}
        shown = {name: value for name, value in self.settings.items() if usual.get(name) != value}
        return shown | ({"start_from": self.start_from} if self.start_from else {})


ORIGINAL, BEST, RECORD, MICRO, STREAMING = "original", "best", "record", "micro", "streaming"
MICROWAKEWORD = "microwakeword"
WORDS = "words"  # the model that ships to begin with
_ROWS = (
    Preset(
        ORIGINAL,
        summary="what TensorFlow's micro_speech has, the default",
        reached="80.6 % of 204 test clips, yes and no (int8, host, three seeds)",
        preprocess=FrontEnd().name,
        architecture="tiny_conv",
        recipe=recipe.ORIGINAL,
    ),
    Preset(
        BEST,
        summary="accurate and small, for words of your own too",
        reached="91.7 % of the same, with --training-steps 4000 --start-from nothing; with --recipe strong, "
        "for clips, 93.6 %",
        preprocess="log_mel",
        architecture="spectro_temporal",
        recipe=recipe.LISTENING,
        start_from=WORDS,
    ),
    Preset(
        RECORD,
        summary="the most accurate in 20,000 bytes, at a third more MACs",
        reached="",
        preprocess="log_mel",
        architecture="spectro_residual",
        recipe=recipe.STRONG,
    ),
    Preset(
        MICRO,
        summary="for TFLite-Micro's audio front end; 97.2 % where best has 96.9",
        reached="",
        preprocess=spec.MICRO,
        architecture="spectro_temporal",
        recipe=recipe.LISTENING,
    ),
    Preset(
        STREAMING,
        summary="takes least where it always listens; 95.4 % where best has 96.9",
        reached="",
        preprocess=spec.MICRO,
        architecture="streaming",
        recipe=recipe.LISTENING,
    ),
    Preset(
        MICROWAKEWORD,
        summary="a wake word for ESPHome and Home Assistant",
        reached="",
        preprocess=spec.MICRO,
        architecture="wake_word",
        recipe=recipe.STRONG,
        window_stride_ms=10,
    ),
)
PRESETS = {preset.name: preset for preset in _ROWS}
