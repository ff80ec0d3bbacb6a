#pragma once

#include <stdint.h>

// Vectors of `LANES` output rows.

#pragma clang diagnostic ignored "-Wpsabi"

typedef float floats __attribute__((vector_size(4 * LANES)));
typedef int32_t ints __attribute__((vector_size(4 * LANES)));
/// Four columns of each row.
typedef uint8_t code_bytes_v __attribute__((vector_size(4 * LANES), aligned(1)));
