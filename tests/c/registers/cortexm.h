// SPDX-License-Identifier: Apache-2.0
// In place of firmware/boards/common/cortexm.h: registers are those of a device that the test makes up. For
// C++, where a register can notice whether it is read or written.

#ifndef EARSHOT_TESTS_CORTEXM_H_
#define EARSHOT_TESTS_CORTEXM_H_

#include <stdint.h>

uint32_t device_read(uint32_t address);
void device_write(uint32_t address, uint32_t value);

struct Register {
    uint32_t address;
    operator uint32_t() const { return device_read(address); }
    uint32_t operator=(uint32_t value) const {
        device_write(address, value);
        return value;
    }
};

#define KWS_REGISTER(address) (Register{(uint32_t)(address)})

static inline void kws_enable_interrupt(uint32_t) {}
static inline uint32_t kws_mask_interrupts(void) { return 0; }
static inline void kws_restore_interrupts(uint32_t) {}

#endif  // EARSHOT_TESTS_CORTEXM_H_
