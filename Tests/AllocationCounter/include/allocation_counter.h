#pragma once

/// Counts calls of the heap's functions by every thread of this process between a start and a stop.

/// Whether the heap's functions are ours here: on Linux with glibc, and without a sanitizer, which brings its own.
int allocation_counter_works(void);
void allocation_counter_start(void);
/// Allocations since the start; moves of blocks that grow are among them.
long allocation_counter_stop(void);
