"""How far the score of a configuration can go at all, and whether its threshold lies within."""

from __future__ import annotations

from collections.abc import Iterator

from whalebot.app.config.convert import scoring_settings
from whalebot.app.config.document import Config
from whalebot.app.config.problems import Problem
from whalebot.decisions.analysis.scoring import least_threshold, score_range
from whalebot.decisions.analysis.settings import MtfSettings
from whalebot.domain.intervals import interval_ms


def check_reachable(config: Config) -> Iterator[Problem]:
    """Yield a problem where no bar could ever reach the threshold."""
    if config.active_weight_set not in config.weight_sets:
        return
    scoring, most = scoring_settings(config), _most(config)
    if least_threshold(scoring) > most:
        text = (
            f"can never be reached: these weights and switches give scores from {-most:.3g} to {most:.3g};"
            " lower the threshold or raise weights"
        )
        others = (("weight_sets",), ("active_weight_set",), ("indicators",), ("mtf_analysis",))
        yield Problem(("signal_score_threshold",), text, f"{config.signal_score_threshold:g}", others)


def range_text(config: Config) -> str:
    """Return the range of the score, the threshold in it, and how rarely scores come near its ends."""
    most = _most(config)
    return (
        f"score from {-most:.2f} to {most:.2f} with the weights of {config.active_weight_set};"
        f" threshold {config.signal_score_threshold:g}"
        " (on real history the default weights reach 2.0 on about 1 % of bars, and 3.5 at most)"
    )


def _most(config: Config) -> float:
    """The greatest score that any bar can have; the least is its negative."""
    mtf = config.mtf_analysis
    has_higher = any(interval_ms(name) > interval_ms(config.interval) for name in mtf.higher_timeframes)
    has_trends = mtf.enabled and has_higher and bool(mtf.trend_indicators)
    return score_range(scoring_settings(config), MtfSettings(enabled=has_trends))[1]
