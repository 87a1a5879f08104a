/* ReLU, depthwise k x k convolution, 1x1 convolution and batch norm in training, forward and backward.

   Maps are n x h x w x c in memory (channels last), c a multiple of 8. Each image passes through all
   layers while it is in the cache; only the maps before and after batch norm are stored. Sums over
   images are kept apart for each image and added in their order, so that the results do not depend
   on the number of threads. k = 1 leaves out the depthwise convolution. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef float v8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int i8 __attribute__((vector_size(32)));
#define LOAD(p) (*(const v8 *)(p))
#define STORE(p, v) (*(v8 *)(p) = (v))
#define INLINE static inline __attribute__((always_inline))

typedef struct {
    long n, h, w, ci, co, k, d, ldx, ldg; /* ldx, ldg: floats from pixel to pixel */
} shape;

INLINE v8 splat(float s) { return (v8){s, s, s, s, s, s, s, s}; }

/* v where x > 0 or NaN, else 0 */
INLINE v8 passing(v8 v, v8 x) { return (v8)((i8)v & ~(x <= splat(0))); }

/* `rows` rows and 8 * `wide` columns of out = a (m x k) b (k x n) */
INLINE void block_product(const float *a, const float *b, long k, long n, int rows, int wide, float *out) {
    v8 s[8][2];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) s[r][0] = s[r][1] = splat(0);
    for (long c = 0; c < k; c++) {
        const v8 b0 = LOAD(b + c * n), b1 = wide > 1 ? LOAD(b + c * n + 8) : b0;
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            const v8 v = splat(a[r * k + c]);
            s[r][0] += v * b0;
            if (wide > 1) s[r][1] += v * b1;
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        STORE(out + r * n, s[r][0]);
        if (wide > 1) STORE(out + r * n + 8, s[r][1]);
    }
}

INLINE void column_product(const float *a, const float *b, long m, long k, long n, int wide, float *out) {
    long i = 0;
    for (; i + 8 <= m; i += 8) block_product(a + i * k, b, k, n, 8, wide, out + i * n);
    for (; i < m; i++) block_product(a + i * k, b, k, n, 1, wide, out + i * n);
}

/* out (m x n) = a (m x k) b (k x n) */
static void product(const float *a, const float *b, long m, long k, long n, float *out) {
    long j = 0;
    for (; j + 16 <= n; j += 16) column_product(a, b + j, m, k, n, 2, out + j);
    if (j < n) column_product(a, b + j, m, k, n, 1, out + j);
}

/* 8 rows and 8 * `wide` columns of out = transposed a (m x k) times b (m x n) */
INLINE void block_gram(const float *a, const float *b, long m, long k, long n, int wide, float *out) {
    v8 s[8][2];
#pragma GCC unroll 8
    for (int r = 0; r < 8; r++) s[r][0] = s[r][1] = splat(0);
    for (long i = 0; i < m; i++) {
        const v8 b0 = LOAD(b + i * n), b1 = wide > 1 ? LOAD(b + i * n + 8) : b0;
#pragma GCC unroll 8
        for (int r = 0; r < 8; r++) {
            const v8 v = splat(a[i * k + r]);
            s[r][0] += v * b0;
            if (wide > 1) s[r][1] += v * b1;
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < 8; r++) {
        STORE(out + r * n, s[r][0]);
        if (wide > 1) STORE(out + r * n + 8, s[r][1]);
    }
}

/* out (k x n) = transposed a (m x k) times b (m x n) */
static void gram(const float *a, const float *b, long m, long k, long n, float *out) {
    for (long c = 0; c < k; c += 8) {
        long j = 0;
        for (; j + 16 <= n; j += 16) block_gram(a + c, b + j, m, k, n, 2, out + c * n + j);
        if (j < n) block_gram(a + c, b + j, m, k, n, 1, out + c * n + j);
    }
}

/* Depthwise convolution of a padded map; flipped: with the kernel turned around. */
INLINE void taps_of(const float *in, const float *weight, long h, long w, long c, long k, long d,
                    int flipped, float *out) {
    const long row = (w + d * (k - 1)) * c;
    for (long y = 0; y < h; y++)
        for (long v = 0; v < c; v += 8) {
            const float *line = in + y * row + v;
            float *to = out + y * w * c + v;
            long x = 0;
            for (; x + 4 <= w; x += 4) {
                v8 s[4] = {splat(0), splat(0), splat(0), splat(0)};
#pragma GCC unroll 25
                for (long t = 0; t < k * k; t++) {
                    const v8 tap = LOAD(weight + (flipped ? k * k - 1 - t : t) * c + v);
                    const float *at = line + (t / k) * d * row + (t % k) * d * c + x * c;
#pragma GCC unroll 4
                    for (int r = 0; r < 4; r++) s[r] += LOAD(at + r * c) * tap;
                }
#pragma GCC unroll 4
                for (int r = 0; r < 4; r++) STORE(to + (x + r) * c, s[r]);
            }
            for (; x < w; x++) {
                v8 s = splat(0);
                for (long t = 0; t < k * k; t++)
                    s += LOAD(line + (t / k) * d * row + (t % k) * d * c + x * c) *
                         LOAD(weight + (flipped ? k * k - 1 - t : t) * c + v);
                STORE(to + x * c, s);
            }
        }
}

static void depthwise(const float *in, const float *weight, const shape *s, int flipped, float *out) {
    if (s->k == 3) taps_of(in, weight, s->h, s->w, s->ci, 3, s->d, flipped, out);
    else if (s->k == 5) taps_of(in, weight, s->h, s->w, s->ci, 5, s->d, flipped, out);
    else taps_of(in, weight, s->h, s->w, s->ci, 7, s->d, flipped, out);
}

/* out (k*k x c): products of a gradient with the pixels that each tap reads. */
INLINE void tap_products(const float *in, const float *grad, long h, long w, long c, long k, long d,
                         float *out) {
    const long row = (w + d * (k - 1)) * c;
    for (long v = 0; v < c; v += 8)
        for (long up = 0; up < k; up++) {
            v8 s[7];
#pragma GCC unroll 7
            for (long t = 0; t < k; t++) s[t] = splat(0);
            for (long y = 0; y < h; y++)
                for (long x = 0; x < w; x++) {
                    const v8 g = LOAD(grad + (y * w + x) * c + v);
                    const float *at = in + (y + up * d) * row + x * c + v;
#pragma GCC unroll 7
                    for (long t = 0; t < k; t++) s[t] += g * LOAD(at + t * d * c);
                }
#pragma GCC unroll 7
            for (long t = 0; t < k; t++) STORE(out + (up * k + t) * c + v, s[t]);
        }
}

static void weight_gradient(const float *in, const float *grad, const shape *s, float *out) {
    if (s->k == 3) tap_products(in, grad, s->h, s->w, s->ci, 3, s->d, out);
    else if (s->k == 5) tap_products(in, grad, s->h, s->w, s->ci, 5, s->d, out);
    else tap_products(in, grad, s->h, s->w, s->ci, 7, s->d, out);
}

/* Copy a map, after ReLU if asked, into the middle of a padded buffer whose border is zero. */
static void pad(const float *in, long ld, const shape *s, int relu, float *out) {
    const long border = s->d * (s->k / 2), row = s->w + 2 * border, c = s->ci;
    for (long y = 0; y < s->h; y++)
        for (long x = 0; x < s->w; x++) {
            const float *from = in + (y * s->w + x) * ld;
            float *to = out + ((y + border) * row + x + border) * c;
            for (long v = 0; v < c; v += 8) STORE(to + v, relu ? passing(LOAD(from + v), LOAD(from + v)) : LOAD(from + v));
        }
}

static long padded_size(const shape *s) {
    const long border = 2 * s->d * (s->k / 2);
    return (s->h + border) * (s->w + border) * s->ci;
}

/* Mean and sum of squared deviations of each channel of one image. */
static void moments(const float *y, long pixels, long c, float *mean, float *square) {
    for (long v = 0; v < c; v += 8) {
        v8 sum = splat(0), squares = splat(0);
        for (long i = 0; i < pixels; i++) sum += LOAD(y + i * c + v);
        const v8 middle = sum / splat((float)pixels);
        for (long i = 0; i < pixels; i++) {
            const v8 apart = LOAD(y + i * c + v) - middle;
            squares += apart * apart;
        }
        STORE(mean + v, middle);
        STORE(square + v, squares);
    }
}

/* Write the map before batch norm (y), after it (z), and its mean and variance; return 0, or 1
   without memory. `taps` is k*k x ci, `weight` ci x co; gamma and beta may be null. */
int relu_conv_bn_forward(const shape *s, const float *x, const float *taps, const float *weight,
                         const float *gamma, const float *beta, double eps, float *y, float *z,
                         float *mean, float *variance) {
    const long pixels = s->h * s->w, co = s->co;
    float *parts = malloc(sizeof(float) * 2 * s->n * co), *line = malloc(sizeof(float) * 2 * co);
    int failed = !parts || !line;
#pragma omp parallel
    {
        float *padded = calloc(padded_size(s), sizeof(float));
        float *t = malloc(sizeof(float) * pixels * s->ci);
        if (!padded || !t) failed = 1;
#pragma omp barrier
#pragma omp for schedule(static)
        for (long i = 0; i < s->n; i++) {
            if (failed) continue;
            pad(x + i * pixels * s->ldx, s->ldx, s, 1, padded);
            if (s->k > 1) depthwise(padded, taps, s, 0, t);
            product(s->k > 1 ? t : padded, weight, pixels, s->ci, co, y + i * pixels * co);
            moments(y + i * pixels * co, pixels, co, parts + 2 * i * co, parts + (2 * i + 1) * co);
        }
        free(padded);
        free(t);
    }
    for (long c = 0; c < co && !failed; c++) {
        double total = 0, square = 0, middle;
        for (long i = 0; i < s->n; i++) total += parts[2 * i * co + c];
        middle = total / s->n;
        for (long i = 0; i < s->n; i++) {
            const double apart = parts[2 * i * co + c] - middle;
            square += parts[(2 * i + 1) * co + c] + apart * apart * pixels;
        }
        mean[c] = (float)middle;
        variance[c] = (float)(square / ((double)pixels * s->n));
        line[c] = (float)(1 / sqrt(square / ((double)pixels * s->n) + eps)) * (gamma ? gamma[c] : 1);
        line[co + c] = beta ? beta[c] : 0;
    }
    if (!failed) {
#pragma omp parallel for schedule(static)
        for (long i = 0; i < s->n; i++)
            for (long q = i * pixels; q < (i + 1) * pixels; q++)
                for (long v = 0; v < co; v += 8)
                    STORE(z + q * co + v,
                          (LOAD(y + q * co + v) - LOAD(mean + v)) * LOAD(line + v) + LOAD(line + co + v));
    }
    free(parts);
    free(line);
    return failed;
}

/* Write the gradients by x, taps, weight (co x ci), gamma and beta; null pointers are left out.
   `turned` is the weight as co x ci. */
int relu_conv_bn_backward(const shape *s, const float *grad, const float *x, const float *y,
                          const float *taps, const float *turned, const float *gamma,
                          const float *mean, const float *variance, double eps,
                          float *by_x, float *by_taps, float *by_weight, float *by_gamma,
                          float *by_beta) {
    const long pixels = s->h * s->w, ci = s->ci, co = s->co, tapped = s->k > 1 ? s->k * s->k * ci : 0;
    const long size = by_weight ? co * ci + tapped : 0;
    float *sums = malloc(sizeof(float) * 2 * s->n * co), *line = malloc(sizeof(float) * 3 * co);
    float *parts = size ? malloc(sizeof(float) * s->n * size) : sums;
    int failed = !sums || !line || !parts;
    if (!failed) {
#pragma omp parallel for schedule(static)
        for (long i = 0; i < s->n; i++)
            for (long v = 0; v < co; v += 8) {
                v8 plain = splat(0), along = splat(0);
                const v8 middle = LOAD(mean + v);
                for (long q = i * pixels; q < (i + 1) * pixels; q++) {
                    const v8 g = LOAD(grad + q * s->ldg + v);
                    plain += g;
                    along += g * (LOAD(y + q * co + v) - middle);
                }
                STORE(sums + 2 * i * co + v, plain);
                STORE(sums + (2 * i + 1) * co + v, along);
            }
        for (long c = 0; c < co; c++) {
            double plain = 0, along = 0;
            for (long i = 0; i < s->n; i++) {
                plain += sums[2 * i * co + c];
                along += sums[(2 * i + 1) * co + c];
            }
            const double inverse = 1 / sqrt((double)variance[c] + eps), count = (double)pixels * s->n;
            const double scale = inverse * (gamma ? gamma[c] : 1);
            if (by_beta) by_beta[c] = (float)plain;
            if (by_gamma) by_gamma[c] = (float)(along * inverse);
            line[c] = (float)scale;
            line[co + c] = (float)(-scale * inverse * inverse * along / count);
            line[2 * co + c] = (float)(-scale * plain / count);
        }
    }
#pragma omp parallel
    {
        float *padded = calloc(padded_size(s), sizeof(float));
        float *back = calloc(padded_size(s), sizeof(float));
        float *t = malloc(sizeof(float) * pixels * ci), *u = malloc(sizeof(float) * pixels * ci);
        float *g = malloc(sizeof(float) * pixels * co);
        if (!padded || !back || !t || !u || !g) failed = 1;
#pragma omp barrier
#pragma omp for schedule(static)
        for (long i = 0; i < s->n; i++) {
            if (failed) continue;
            const float *image = x + i * pixels * s->ldx;
            const long first = i * pixels;
            for (long q = 0; q < pixels; q++)
                for (long v = 0; v < co; v += 8)
                    STORE(g + q * co + v,
                          LOAD(grad + (first + q) * s->ldg + v) * LOAD(line + v) +
                              (LOAD(y + (first + q) * co + v) - LOAD(mean + v)) * LOAD(line + co + v) +
                              LOAD(line + 2 * co + v));
            product(g, turned, pixels, co, ci, u);
            if (by_weight) {
                pad(image, s->ldx, s, 1, padded);
                if (s->k > 1) {
                    depthwise(padded, taps, s, 0, t);
                    weight_gradient(padded, u, s, parts + i * size + co * ci);
                }
                gram(g, s->k > 1 ? t : padded, pixels, co, ci, parts + i * size);
            }
            if (!by_x) continue;
            if (s->k > 1) {
                pad(u, ci, s, 0, back);
                depthwise(back, taps, s, 1, t);
            }
            const float *from = s->k > 1 ? t : u;
            for (long q = 0; q < pixels; q++)
                for (long v = 0; v < ci; v += 8)
                    STORE(by_x + (first + q) * ci + v,
                          passing(LOAD(from + q * ci + v), LOAD(image + q * s->ldx + v)));
        }
        free(padded);
        free(back);
        free(t);
        free(u);
        free(g);
    }
    if (size && !failed) {
        memset(by_weight, 0, sizeof(float) * co * ci);
        if (tapped) memset(by_taps, 0, sizeof(float) * tapped);
        for (long i = 0; i < s->n; i++) {
            for (long c = 0; c < co * ci; c++) by_weight[c] += parts[i * size + c];
            for (long c = 0; c < tapped; c++) by_taps[c] += parts[i * size + co * ci + c];
        }
    }
    if (parts != sums) free(parts);
    free(sums);
    free(line);
    return failed;
}
