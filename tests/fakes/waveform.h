/* The true power of a fake GPU over time, and its exact integral. `waveform.py` is the same, written independently. */
#include <math.h>
#include <string.h>

typedef struct {
    char kind[32]; /* constant, square or ramp */
    double high_w, low_w, period_s, duty;
} waveform;

static double wave_power_w(const waveform *wave, double at_s) {
    double into_s = fmod(at_s, wave->period_s);
    if (!strcmp(wave->kind, "square")) return into_s < wave->period_s * wave->duty ? wave->high_w : wave->low_w;
    if (!strcmp(wave->kind, "ramp")) return wave->low_w + (wave->high_w - wave->low_w) * into_s / wave->period_s;
    return wave->high_w;
}

/* Joules drawn between two moments. */
static double wave_energy_j(const waveform *wave, double from_s, double until_s) {
    double high = wave->high_w, low = wave->low_w, period = wave->period_s, on = period * wave->duty;
    double sum = 0, sign = -1, at, rest, n;
    if (strcmp(wave->kind, "square") && strcmp(wave->kind, "ramp")) return high * (until_s - from_s);
    for (int end = 0; end < 2; end++, sign = 1) {
        /* Counted from a whole period before `from_s`: small numbers keep their digits. */
        at = (end ? until_s : from_s) - period * floor(from_s / period);
        n = floor(at / period);
        rest = at - n * period;
        if (!strcmp(wave->kind, "square")) sum += sign * (low * at + (high - low) * (n * on + fmin(rest, on)));
        else sum += sign * (low * at + (high - low) * (n * period / 2 + rest * rest / (2 * period)));
    }
    return sum;
}
