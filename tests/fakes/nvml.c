/* A fake libnvidia-ml.so.1: GPUs whose true power is a known waveform, and faults set from outside.
 *
 * $FAKE_NVML names a file of lines "key=value", or "gpu1.key=value" for one GPU. It is read anew when it changes,
 * so a test may alter the machine under a running meter: it replaces the file, and never writes into it. Times are
 * seconds since the Unix epoch, power is in watts.
 *
 *   gpus=1            how many there are
 *   name=Fake H100    what the driver calls it       celsius=50   its temperature
 *   wave=constant     or square, ramp (a sawtooth from low to watts)
 *   watts=300 low=0 period=1 duty=0.5               the waveform
 *   course=           a file to which each change of the power is appended, "seconds watts", by whoever makes the power
 *                     depend on something: a server, on the requests in flight. It takes the place of the waveform
 *   step=0.1          seconds between the counter's advances; each GPU has a phase of its own
 *   counter=1         0: the part has no energy counter        stuck=0   1: it has one that never advances
 *   instant=1         0: no NVML_FI_DEV_POWER_INSTANT (186)
 *   power=1           0: power cannot be read either
 *   average=0         seconds over which nvmlDeviceGetPowerUsage averages (1 on Ampere and newer)
 *   refresh=0         seconds between the power sensor's own looks; 0: it tells the power of this moment
 *   gain=1            what power readings are multiplied by: a sensor that disagrees with the counter
 *   fail=0            an NVML error code that every reading returns (15: GPU is lost)
 *   reset=0           the moment at which the counter started again from 0
 *   count_gain=1      what the counter's joules are multiplied by   count_gain_at=0   from which moment on
 *   count_gain_until=0   until which moment; 0: for ever
 *   use=100           percent of the time in which kernels run
 *   module=0          watts that the module around it draws, which the counter counts too (GH200); 0: no module
 *   jump=0            joules that the counter adds at a moment                jump_at=0   which
 *   raw=              milliwatts that every reading of power gives, whatever is true: 4294967295, 0
 *   limit=700         watts that it can be limited to at most, and 30% of them at least; 0: it has no limit
 *   set_fail=0        an NVML error code that setting a limit returns (4: no permission)
 *   limits=           the folder of a file for each GPU (gpu0) to which each change of its limit is appended, "seconds
 *                     watts": it outlives every process, and caps the power. Empty: no limit can be set
 *   clocks=0          nvmlClocksEventReason bits
 *   pids=             pids that compute on the GPU, separated by commas
 *   mig=0             1: MIG mode is on
 *   average_field=0   1: it has NVML_FI_DEV_POWER_AVERAGE (185)
 *   capability=9.0    its CUDA compute capability
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "waveform.h"

enum { OK = 0, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7 };
enum { MAX_GPUS = 8, POWER_INSTANT = 186, MAX_CHANGES = 4000 };

typedef struct { int index; } device;
typedef struct { unsigned long long total, free, used; } memory;
typedef struct { unsigned gpu, memory; } utilization;
typedef struct { unsigned pid; unsigned long long memory; unsigned gpu_instance, compute_instance; } process;
typedef union { double d; unsigned ui; unsigned long ul; unsigned long long ull; long long sll; } value;
typedef struct {
    unsigned field, scope;
    long long timestamp, latency;
    unsigned type;
    int result;
    value value;
} field;

static device devices[MAX_GPUS] = {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}};

/* The text of the file, read again when it was replaced or written to. */
static const char *settings(void) {
    static char text[8192];
    static struct timespec written;
    static ino_t inode;
    const char *path = getenv("FAKE_NVML");
    struct stat now;
    FILE *file;
    if (!path || stat(path, &now)) return "";
    if (now.st_ino == inode && now.st_mtim.tv_sec == written.tv_sec && now.st_mtim.tv_nsec == written.tv_nsec) return text;
    if (!(file = fopen(path, "r"))) return "";
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    inode = now.st_ino;
    written = now.st_mtim;
    return text;
}

/* The value of a key: that of this GPU if it has one of its own, else the general one, else the default. */
static void setting(int gpu, const char *key, const char *otherwise, char *out, size_t size) {
    char own[64], shared[64];
    const char *line = settings(), *end;
    int found_own = 0;
    snprintf(out, size, "%s", otherwise);
    snprintf(own, sizeof own, "gpu%d.%s=", gpu, key);
    snprintf(shared, sizeof shared, "%s=", key);
    for (; *line; line = *end ? end + 1 : end) {
        end = line + strcspn(line, "\n");
        const char *prefix = !strncmp(line, own, strlen(own)) ? own : shared;
        if (strncmp(line, prefix, strlen(prefix)) || (prefix == shared && found_own)) continue;
        found_own = prefix == own;
        line += strlen(prefix);
        snprintf(out, size, "%.*s", (int)(end - line), line);
    }
}

static double number(int gpu, const char *key, const char *otherwise) {
    char text[64];
    setting(gpu, key, otherwise, text, sizeof text);
    return strtod(text, NULL);
}

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int failing(int gpu) { return (int)number(gpu, "fail", "0"); }

/* A limit from a moment on. */
typedef struct { double since_s, watts; } limited;

/* Read changes from a file, the oldest first, after the first one; return how many there are. */
static int changes_in(const char *path, limited first, limited *out) {
    int n = 1;
    FILE *file;
    out[0] = first;
    if (!(file = fopen(path, "r"))) return n;
    while (n < MAX_CHANGES && fscanf(file, "%lf %lf", &out[n].since_s, &out[n].watts) == 2) n++;
    fclose(file);
    return n;
}

/* Read the changes of a GPU's limit, after the limit that it has by itself; return how many. */
static int limits_of(int gpu, limited *out, char *path, size_t size) {
    char folder[1024];
    out[0] = (limited){0, number(gpu, "limit", "700")};
    setting(gpu, "limits", "", folder, sizeof folder);
    snprintf(path, size, "%s/gpu%d", folder, gpu);
    if (!folder[0]) { path[0] = 0; return 1; }
    return changes_in(path, out[0], out);
}

static unsigned limit_mw(int gpu) {
    char path[1100];
    limited changes[MAX_CHANGES];
    return (unsigned)(changes[limits_of(gpu, changes, path, sizeof path) - 1].watts * 1000.0 + 0.5);
}

static waveform wave_of(int gpu) {
    waveform wave = {.high_w = number(gpu, "watts", "300"), .low_w = number(gpu, "low", "0")};
    wave.period_s = number(gpu, "period", "1");
    wave.duty = number(gpu, "duty", "0.5");
    setting(gpu, "wave", "constant", wave.kind, sizeof wave.kind);
    return wave;
}

/* Joules drawn between two moments, each level of the wave capped by the limit of its moment. */
static double drawn_j(int gpu, double from_s, double until_s) {
    char path[1100];
    limited changes[MAX_CHANGES];
    int n = limits_of(gpu, changes, path, sizeof path);
    double sum_j = 0;
    char course[1024];
    setting(gpu, "course", "", course, sizeof course);
    if (course[0]) {
        n = changes_in(course, (limited){0, 0}, changes);
        for (int i = 0; i < n; i++) {
            double since = fmax(from_s, changes[i].since_s), until = i + 1 < n ? fmin(until_s, changes[i + 1].since_s) : until_s;
            if (until > since) sum_j += changes[i].watts * (until - since);
        }
        return sum_j;
    }
    if (!path[0]) n = 1;
    for (int i = 0; i < n; i++) {
        waveform wave = wave_of(gpu);
        double since = fmax(from_s, changes[i].since_s), until = i + 1 < n ? fmin(until_s, changes[i + 1].since_s) : until_s;
        if (path[0]) wave.high_w = fmin(wave.high_w, changes[i].watts), wave.low_w = fmin(wave.low_w, changes[i].watts);
        if (until > since) sum_j += wave_energy_j(&wave, since, until);
    }
    return sum_j;
}

/* The limit as far as it caps the power: never without the folder. */
static double cap_w(int gpu) {
    char folder[1024];
    setting(gpu, "limits", "", folder, sizeof folder);
    return folder[0] ? limit_mw(gpu) / 1000.0 : INFINITY;
}

/* What a sensor says the power is, which is not the true power of this moment where it refreshes or averages. */
static double sensed_w(int gpu, double average_s) {
    double at_s = now_s(), refresh_s = number(gpu, "refresh", "0"), gain = number(gpu, "gain", "1");
    waveform wave = wave_of(gpu);
    limited changes[MAX_CHANGES];
    char course[1024];
    if (refresh_s > 0) at_s = floor(at_s / refresh_s) * refresh_s;
    setting(gpu, "course", "", course, sizeof course);
    if (course[0] && average_s <= 0) {
        int n = changes_in(course, (limited){0, 0}, changes);
        while (n > 1 && changes[n - 1].since_s > at_s) n--;
        return gain * changes[n - 1].watts;
    }
    if (average_s > 0) return gain * drawn_j(gpu, at_s - average_s, at_s) / average_s;
    return gain * fmin(wave_power_w(&wave, at_s), cap_w(gpu));
}

static int power_mw(int gpu, double average_s, unsigned *out_mw) {
    if (failing(gpu)) return failing(gpu);
    if (number(gpu, "power", "1") == 0) return NOT_SUPPORTED;
    char raw[32];
    setting(gpu, "raw", "", raw, sizeof raw);
    *out_mw = raw[0] ? (unsigned)strtoul(raw, NULL, 10) : (unsigned)(sensed_w(gpu, average_s) * 1000.0 + 0.5);
    return OK;
}

int nvmlInitWithFlags(unsigned flags) { (void)flags; return OK; }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int code) { (void)code; return "an error of the fake driver"; }
int nvmlSystemGetDriverVersion(char *out, unsigned size) { snprintf(out, size, "999.1 (fake)"); return OK; }

int nvmlDeviceGetCount_v2(unsigned *count) { *count = (unsigned)number(0, "gpus", "1"); return OK; }

int nvmlDeviceGetHandleByIndex_v2(unsigned index, device **out) {
    if (index >= (unsigned)number(0, "gpus", "1") || index >= MAX_GPUS) return INVALID;
    *out = &devices[index];
    return OK;
}

int nvmlDeviceGetName(device *gpu, char *out, unsigned size) {
    setting(gpu->index, "name", "Fake H100", out, size);
    return OK;
}

int nvmlDeviceGetUUID(device *gpu, char *out, unsigned size) {
    snprintf(out, size, "GPU-%08d-fake-fake-fake-000000000000", gpu->index + 10);
    return OK;
}

int nvmlDeviceGetArchitecture(device *gpu, unsigned *out) { (void)gpu; *out = 9; return OK; }

int nvmlDeviceGetCudaComputeCapability(device *gpu, int *major, int *minor) {
    double version = number(gpu->index, "capability", "9.0");
    *major = (int)version;
    *minor = (int)(version * 10 + 0.5) % 10;
    return OK;
}

int nvmlDeviceGetMigMode(device *gpu, unsigned *current, unsigned *pending) {
    *current = *pending = (unsigned)number(gpu->index, "mig", "0");
    return OK;
}

int nvmlDeviceGetTotalEnergyConsumption(device *gpu, unsigned long long *out_mj) {
    int i = gpu->index;
    double at = now_s(), step = number(i, "step", "0.1"), phase = 0.37 * step * i;
    double reset = number(i, "reset", "0"), stepped = floor((at - phase) / step) * step + phase;
    if (failing(i)) return failing(i);
    if (number(i, "counter", "1") == 0) return NOT_SUPPORTED;
    /* Counting starts two days before, as if the driver had been loaded then. */
    double since = floor(at / 86400.0 - 2.0) * 86400.0;
    if (reset > 0 && at >= reset) since = fmin(reset, stepped);
    double gain = number(i, "count_gain", "1"), gain_at = fmax(since, number(i, "count_gain_at", "0"));
    double counted_j = drawn_j(i, since, stepped) + number(i, "module", "0") * (stepped - since);
    double until = number(i, "count_gain_until", "0"), gained = until > 0 ? fmin(stepped, until) : stepped;
    if (gain != 1 && gained > gain_at) counted_j += (gain - 1) * drawn_j(i, gain_at, gained);
    *out_mj = number(i, "stuck", "0") != 0 ? 1000000 : (unsigned long long)(counted_j * 1000.0);
    if (number(i, "jump", "0") > 0 && at >= number(i, "jump_at", "0")) *out_mj += (unsigned long long)(number(i, "jump", "0") * 1000.0);
    return OK;
}

int nvmlDeviceGetPowerUsage(device *gpu, unsigned *out_mw) {
    return power_mw(gpu->index, number(gpu->index, "average", "0"), out_mw);
}

int nvmlDeviceGetFieldValues(device *gpu, int count, field *fields) {
    if (failing(gpu->index)) return failing(gpu->index);
    for (int i = 0; i < count; i++) {
        int known = fields[i].field == POWER_INSTANT && number(gpu->index, "instant", "1") != 0;
        fields[i].result = known ? power_mw(gpu->index, 0, &fields[i].value.ui) : NOT_SUPPORTED;
        if (fields[i].field == 185 && number(gpu->index, "average_field", "0") != 0)
            fields[i].result = nvmlDeviceGetPowerUsage(gpu, &fields[i].value.ui);
        if (fields[i].scope == 1) { /* NVML_POWER_SCOPE_MODULE */
            double module_w = number(gpu->index, "module", "0");
            if (module_w == 0) fields[i].result = NOT_SUPPORTED;
            else fields[i].value.ui += (unsigned)(module_w * 1000.0);
        }
    }
    return OK;
}

int nvmlDeviceGetPowerManagementLimitConstraints(device *gpu, unsigned *least_mw, unsigned *most_mw) {
    double limit_w = number(gpu->index, "limit", "700");
    if (failing(gpu->index)) return failing(gpu->index);
    if (limit_w == 0) return NOT_SUPPORTED;
    *least_mw = (unsigned)(limit_w * 300.0);
    *most_mw = (unsigned)(limit_w * 1000.0);
    return OK;
}

int nvmlDeviceGetPowerManagementLimit(device *gpu, unsigned *out_mw) {
    if (failing(gpu->index)) return failing(gpu->index);
    if (number(gpu->index, "limit", "700") == 0) return NOT_SUPPORTED;
    *out_mw = limit_mw(gpu->index);
    return OK;
}

int nvmlDeviceSetPowerManagementLimit(device *gpu, unsigned mw) {
    char path[1100];
    limited changes[MAX_CHANGES];
    int file, code = (int)number(gpu->index, "set_fail", "0");
    unsigned least_mw, most_mw;
    if (code) return code;
    if ((code = nvmlDeviceGetPowerManagementLimitConstraints(gpu, &least_mw, &most_mw))) return code;
    if (mw < least_mw || mw > most_mw) return INVALID;
    limits_of(gpu->index, changes, path, sizeof path);
    if (!path[0] || (file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0644)) < 0) return NOT_SUPPORTED;
    dprintf(file, "%.6f %.3f\n", now_s(), mw / 1000.0);
    close(file);
    return OK;
}

int nvmlDeviceGetTemperature(device *gpu, unsigned sensor, unsigned *out_c) {
    (void)sensor;
    if (failing(gpu->index)) return failing(gpu->index);
    *out_c = (unsigned)number(gpu->index, "celsius", "50");
    return OK;
}

/* What codecarbon asks besides. */
int nvmlDeviceGetMemoryInfo(device *gpu, memory *out) {
    (void)gpu;
    *out = (memory){.total = 80ull << 30, .free = 80ull << 30};
    return OK;
}

int nvmlDeviceGetEnforcedPowerLimit(device *gpu, unsigned *out_mw) {
    *out_mw = number(gpu->index, "limit", "700") == 0 ? 700000 : limit_mw(gpu->index);
    return OK;
}

int nvmlDeviceGetUtilizationRates(device *gpu, utilization *out) {
    *out = (utilization){.gpu = (unsigned)number(gpu->index, "use", "100")};
    return OK;
}

int nvmlDeviceGetCurrentClocksEventReasons(device *gpu, unsigned long long *out) {
    if (failing(gpu->index)) return failing(gpu->index);
    *out = (unsigned long long)number(gpu->index, "clocks", "0");
    if (number(gpu->index, "watts", "300") > cap_w(gpu->index)) *out |= 0x04; /* power-capped */
    return OK;
}

int nvmlDeviceGetComputeRunningProcesses_v3(device *gpu, unsigned *count, process *out) {
    char pids[256], *next = pids;
    unsigned n = 0;
    setting(gpu->index, "pids", "", pids, sizeof pids);
    for (char *c = pids; *c; c++) n += *c == ',';
    n += pids[0] != 0;
    if (failing(gpu->index)) return failing(gpu->index);
    if (n > *count || (n && !out)) {
        *count = n;
        return TOO_SMALL;
    }
    *count = n;
    for (unsigned i = 0; i < n; i++, next++) out[i] = (process){.pid = (unsigned)strtoul(next, &next, 10)};
    return OK;
}
