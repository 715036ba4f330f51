// SPDX-License-Identifier: GPL-3.0-or-later
/* Numbers in SSE and AVX registers: a matrix product, a stencil, a dot product
 * of 16-bit integers.  Each vector lane keeps to itself and nothing is
 * contracted, so SSE and AVX, real or emulated, give the same digits.
 * Argument: rounds.  */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 192, SAMPLES = 16384 };

static float a[N][N], b[N][N], c[N][N];
static double grid[N][N], next[N][N];
static int16_t left[SAMPLES], right[SAMPLES];

#define KERNELS(NAME, TARGET, WIDTH)                                                                      \
    typedef float floats_##NAME __attribute__((vector_size(WIDTH)));                                      \
    typedef double doubles_##NAME __attribute__((vector_size(WIDTH), aligned(8)));                        \
    __attribute__((noinline, TARGET)) static void multiply_##NAME(void)                                   \
    {                                                                                                     \
        for (int i = 0; i < N; i++)                                                                       \
            for (int j = 0; j < N; j += WIDTH / 4) {                                                      \
                floats_##NAME sum = { 0 };                                                                \
                for (int k = 0; k < N; k++)                                                               \
                    sum += a[i][k] * *(floats_##NAME *)&b[k][j];                                          \
                *(floats_##NAME *)&c[i][j] = sum;                                                         \
            }                                                                                             \
    }                                                                                                     \
    __attribute__((noinline, TARGET)) static void smooth_##NAME(double (*to)[N], double (*from)[N])       \
    {                                                                                                     \
        for (int i = 1; i < N - 1; i++)                                                                   \
            for (int j = WIDTH / 8; j < N - WIDTH / 8; j += WIDTH / 8) {                                  \
                doubles_##NAME up = *(doubles_##NAME *)&from[i - 1][j], down = *(doubles_##NAME *)&from[i + 1][j]; \
                doubles_##NAME west = *(doubles_##NAME *)&from[i][j - 1], east = *(doubles_##NAME *)&from[i][j + 1]; \
                *(doubles_##NAME *)&to[i][j] = (up + down + west + east) * 0.25;                          \
            }                                                                                             \
    }                                                                                                     \
    __attribute__((noinline, TARGET, optimize("O3"))) static int32_t dot_##NAME(void)                     \
    {                                                                                                     \
        uint32_t sum = 0;                                                                                 \
        for (int i = 0; i < SAMPLES; i++)                                                                 \
            sum += (uint32_t)(left[i] * right[i]);                                                        \
        return (int32_t)sum;                                                                              \
    }

KERNELS(sse, target("sse2"), 16)
KERNELS(avx, target("avx2"), 32)

static void fill(void)
{
    uint32_t r = 1;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            r = r * 1664525 + 1013904223;
            a[i][j] = (float)(r >> 20) / 4096;
            b[i][j] = (float)(r >> 12 & 0xfff) / 4096;
            grid[i][j] = next[i][j] = r >> 24;
        }
    for (int i = 0; i < SAMPLES; i++) {
        left[i] = (int16_t)(i * 7);
        right[i] = (int16_t)(i * 13 + 5);
    }
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 1, avx = __builtin_cpu_supports("avx2");
    double total = 0;
    uint32_t dots = 0;

    fill();
    for (int r = 0; r < rounds; r++) {
        if (avx && r % 2) {
            multiply_avx();
            smooth_avx(next, grid);
            smooth_avx(grid, next);
            dots += (uint32_t)dot_avx();
        } else {
            multiply_sse();
            smooth_sse(next, grid);
            smooth_sse(grid, next);
            dots += (uint32_t)dot_sse();
        }
        a[r % N][(r * 7) % N] = (float)(r % 100) / 100;
        total += c[r % N][(r * 3) % N];
    }
    printf("%.6f %.6f %u\n", total, grid[N / 2][N / 3], dots);
    return 0;
}
