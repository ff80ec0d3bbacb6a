#pragma once

#include "recurrence_convolution.h"

// Gradients of the causal depthwise convolution, sixteen channels and one tap at a time.

static void VECTOR_NAME(convolution_gradient)(const convolution_range *r) {
  for (size_t c = 0; c < r->channels; c += 16) {
    const size_t part = r->channels - c < 16 ? r->channels - c : 0;
    for (size_t ahead = 0; ahead < r->taps; ahead++) {
      const f32x16 weight = tap_weights(r->weights + c * r->taps, r->taps, r->taps - 1 - ahead, part);
      for (size_t t = 0; t + ahead < r->count; t++) {
        float *out = r->outputs + t * r->outputStride + c;
        const f32x16 sum = ahead ? channels_at(out, part) : fill(0);
        const f32x16 g = channels_at(r->inputs + (t + ahead) * r->inputStride + c, part);
        set_channels(out, multiply_add(weight, g, sum), part);
      }
    }
  }
}

static void VECTOR_NAME(convolution_weight_gradient)(const float *g, size_t gRow, const float *x, size_t xRow,
                                                     size_t rows, size_t n, size_t taps, float *sums) {
  for (size_t c = 0; c < n; c += 16) {
    const size_t part = n - c < 16 ? n - c : 0;
    for (size_t j = 0; j < taps; j++) {
      const size_t behind = taps - 1 - j;
      f32x16 sum = fill(0);
      for (size_t t = behind; t < rows; t++) {
        sum = multiply_add(channels_at(g + t * gRow + c, part), channels_at(x + (t - behind) * xRow + c, part), sum);
      }
      for (size_t i = 0; i < (part ? part : 16); i++) sums[(c + i) * taps + j] += sum[i];
    }
  }
}
