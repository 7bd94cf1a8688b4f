"""Flags of ``earshot train`` on the way from audio to features: how clips are varied, and the front end."""

import argparse
from typing import Any

from train.core.spec import DC_BLOCKED_FRONT_ENDS, FRONT_ENDS, HOST_FRONT_ENDS, FrontEnd, blocks_dc
from train.settings.augmentation import MICROPHONE_DC, MICROPHONE_GAINS, Augmentation
from train.settings.recipe import ORIGINAL, Recipe


def add_augmentation_flags(group: Any) -> None:
    """How the audio of training clips is varied."""
    defaults = Augmentation()
    group.add_argument(
        "--time-shift-ms",
        type=float,
        default=defaults.time_shift_ms,
        metavar="MS",
        help="training clips move by up to this much either way (%(default)s)",
    )
    group.add_argument(
        "--background-volume",
        type=float,
        default=defaults.background_volume,
        metavar="0..1",
        help="loudest background mixed into training clips (%(default)s)",
    )
    group.add_argument(
        "--background-frequency",
        type=float,
        default=defaults.background_frequency,
        metavar="0..1",
        help="share of training clips that get background (%(default)s)",
    )
    low, high = MICROPHONE_GAINS
    group.add_argument(
        "--gain",
        type=_gain_range,
        metavar="LOW,HIGH",
        help="the microphone of training clips has a gain in this range (original: 1; strong: "
        f"{low:g},{high:g}, drawn on the features where they are logarithmic)",
    )
    group.add_argument(
        "--dc-offset",
        type=float,
        metavar="N",
        help="and a DC offset of up to N steps of int16 either way (original: 0; strong: "
        f"{MICROPHONE_DC:g} where no --dc-block takes it off)",
    )
    group.add_argument(
        "--audio-augmentation",
        default="none",
        metavar="NAME=N,...",
        help="of training clips: speed, a share either way; room_frequency, filter_frequency, "
        "codec_frequency, snr_frequency, shares of clips, the last in noise of snr_low_db to snr_high_db "
        f"({defaults.snr_low_db:g} to {defaults.snr_high_db:g}) (%(default)s)",
    )


def add_front_end_flags(group: Any) -> None:
    """How audio becomes features."""
    defaults = FrontEnd()
    group.add_argument(
        "--preprocess",
        choices=(*FRONT_ENDS, *HOST_FRONT_ENDS),
        help=f"docs/FRONT_ENDS.md; {' and '.join(HOST_FRONT_ENDS)}: no board has them (default: the "
        "preset's)",
    )
    for flag, value, text in (
        ("--sample-rate-hz", defaults.sample_rate_hz, "of the microphone"),
        ("--clip-duration-ms", defaults.clip_duration_ms, "what the network hears at a time"),
        ("--window-size-ms", defaults.window_size_ms, "of one spectrum"),
        ("--feature-bin-count", defaults.feature_bin_count, "mel bands, or least number of bins"),
        ("--mel-top-hz", defaults.mel_top_hz, "where the highest mel band ends, up to half the sample rate"),
    ):
        group.add_argument(flag, type=int, default=value, metavar="N", help=f"{text} (%(default)s)")
    group.add_argument(
        "--window-stride-ms",
        type=int,
        metavar="N",
        help=f"from one spectrum to the next, unless the preset has another ({defaults.window_stride_ms})",
    )
    group.add_argument(
        "--dc-block",
        action=argparse.BooleanOptionalAction,
        help="take the mean off each window, so that a microphone's DC offset does not count "
        f"(docs/MICROPHONES.md; on for {', '.join(DC_BLOCKED_FRONT_ENDS)}, else off)",
    )


def front_end_of(flags: argparse.Namespace) -> FrontEnd:
    """The front end that the flags ask for.

    Raises:
        UserError: a value out of range.
    """
    return FrontEnd(
        name=flags.preprocess,
        sample_rate_hz=flags.sample_rate_hz,
        clip_duration_ms=flags.clip_duration_ms,
        window_size_ms=flags.window_size_ms,
        window_stride_ms=flags.window_stride_ms,
        feature_bin_count=flags.feature_bin_count,
        dc_block=blocks_dc(flags.preprocess, flags.dc_block),
        mel_top_hz=flags.mel_top_hz,
    )


def augmentation_of(flags: argparse.Namespace, recipe: Recipe, front_end: FrontEnd) -> Augmentation:
    """How the audio of clips is varied: what is not given is the recipe's.

    A recipe that is not the original's varies level and offset once: not here what it varies on features, and
    no offset that the front end takes off.

    Raises:
        UserError: a value out of range.
    """
    gains, dc_offset = (1.0, 1.0), 0.0
    if flags.recipe != ORIGINAL:
        gains = gains if recipe.feature_augmentation.varies_level else MICROPHONE_GAINS
        dc_offset = 0.0 if front_end.dc_block else MICROPHONE_DC
    gain_low, gain_high = flags.gain or gains
    return Augmentation(
        time_shift_ms=flags.time_shift_ms,
        background_volume=flags.background_volume,
        background_frequency=flags.background_frequency,
        gain_low=gain_low,
        gain_high=gain_high,
        dc_offset=dc_offset if flags.dc_offset is None else flags.dc_offset,
    ).changed(flags.audio_augmentation)


def _gain_range(text: str) -> tuple[float, float]:
    """LOW,HIGH, or one number that is both."""
    low, _, high = text.partition(",")
    try:
        return float(low), float(high or low)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not LOW,HIGH, such as 0.05,1.5") from None
