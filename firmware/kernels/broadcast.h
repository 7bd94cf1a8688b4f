// How two inputs of an elementwise operator are walked through.

#ifndef EARSHOT_KERNELS_BROADCAST_H_
#define EARSHOT_KERNELS_BROADCAST_H_

#include <stdint.h>

typedef struct kws_broadcast {
    int32_t dims[4];      // of the output, outermost first
    int32_t strides1[4];  // of the first input, in elements; 0 where it is repeated
    int32_t strides2[4];
} kws_broadcast;

#endif  // EARSHOT_KERNELS_BROADCAST_H_
