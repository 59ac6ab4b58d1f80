# SPDX-License-Identifier: GPL-2.0-only
# Author: the mdi developers
"""What boards draw, where somebody measured it; figures.csv has the numbers.

AGX Orin: sum of three rails (VDD_GPU_SOC, VDD_CPU_CV, VIN_SYS_5V0) while ResNet-152 ran in a
pipeline of Hugging Face. Orin Nano, MAXN_SUPER only: board input while language models ran in
llama.cpp, 14.3 to 18.8 W by model and prompt. No board was measured idle, and the other boards not
at all; a board's power budget is no measurement, and is not used.
"""

import laws

ORIN_NOTE = (
    "three rails, not the board's input; mean of 1 s samples over a host-bound run at batch 1, the "
    "GPU 52-72 % busy: what waits for the host draws less, a busy GPU more"
)


def power(figures, device, mode):
    """The members that a power mode gets: none where nothing was measured."""
    if (device, f"busy_w {mode}") in figures:
        source = figures.source(device, f"busy_w {mode}")
        origin = laws.provenance("published", source, note=ORIN_NOTE, eager=False)
        return {"power": {"busy_w": figures(device, f"busy_w {mode}"), "provenance": origin}}
    if (device, f"busy_w {mode} low") in figures:
        low, high = (figures(device, f"busy_w {mode} {end}") for end in ("low", "high"))
        source = figures.source(device, f"busy_w {mode} low")
        middle = round((low + high) / 2, 2)
        band = round((high - low) / (high + low) + 0.005, 2)
        note = f"middle of {low:g} W (1.5B, short prompt) and {high:g} W (3B); idle power included"
        origin = laws.provenance("calibrated", source, band, note, eager=False)
        return {"power": {"busy_w": middle, "provenance": origin}}
    return {}
