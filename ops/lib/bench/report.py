"""Readings of interleaved rounds, and the lines that are printed of them."""

import dataclasses
import statistics

# A floor that moves by more than this share of its median says that the machine was not the same in all rounds.
DRIFT = 0.15


@dataclasses.dataclass
class Reading:
    """What was measured in one round: a value, or a value and its floor, whose ratio counts."""
    value: float
    words: str
    floor: float | None = None

    @property
    def ratio(self):
        return self.value if self.floor is None else self.value / self.floor


def line(name, readings):
    ratios = [reading.ratio for reading in readings]
    median = statistics.median(ratios)
    spread = f" [{min(ratios):.3f}–{max(ratios):.3f}]" if len(ratios) > 1 else ""
    floors = [reading.floor for reading in readings if reading.floor is not None]
    drift = (max(floors) - min(floors)) / statistics.median(floors) if len(floors) > 1 else 0
    void = f"  void: the floor drifted by {drift:.0%}" if drift > DRIFT else ""
    middle = min(readings, key=lambda reading: abs(reading.ratio - median))
    floor = "" if middle.floor is None else f" ÷ {middle.floor:,.4g}"
    return f"{name:17} {median:8.3f}{spread}   {middle.value:,.4g}{floor}   {middle.words}{void}"
