// A plug-in of QEMU's user mode: counts the instructions of an AArch64 guest and writes the count down at
// each mark. A mark is a write of no bytes to standard error: it does nothing wherever there is no plug-in
// (hil/pi/remote/scorer.py sets them). hil/pi/emulate.py compiles this file when it is needed.
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// The interface of QEMU that this needs, the same in all its versions, though their numbers differ
// (-DAPI_VERSION); its header is in no package of Debian 12.
struct qemu_plugin_tb;  // instructions that are translated at once, and run one after the other
enum { NO_REGISTERS = 0 };
typedef void tb_translated_fn(uint64_t id, struct qemu_plugin_tb* tb);
typedef void tb_executed_fn(unsigned int cpu, void* data);
typedef void syscall_fn(uint64_t id, unsigned int cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                        uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_translated_fn* call);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb* tb, tb_executed_fn* call, int flags,
                                          void* data);
void qemu_plugin_register_vcpu_syscall_cb(uint64_t id, syscall_fn* call);
extern int qemu_plugin_version;
int qemu_plugin_install(uint64_t id, const void* info, int argc, char** argv);

enum { AARCH64_WRITE = 64, STANDARD_ERROR = 2 };
static const char kOut[] = "out=";

static atomic_uint_least64_t executed;  // guests may have threads
static FILE* marks;

static void on_executed(unsigned int cpu, void* data) {
    (void)cpu;
    atomic_fetch_add_explicit(&executed, (uint64_t)(uintptr_t)data, memory_order_relaxed);
}

static void on_translated(uint64_t id, struct qemu_plugin_tb* tb) {
    (void)id;
    void* count = (void*)(uintptr_t)qemu_plugin_tb_n_insns(tb);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_executed, NO_REGISTERS, count);
}

static void on_syscall(uint64_t id, unsigned int cpu, int64_t number, uint64_t file, uint64_t bytes,
                       uint64_t count, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)id, (void)cpu, (void)bytes, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number == AARCH64_WRITE && file == STANDARD_ERROR && count == 0) {
        fprintf(marks, "%" PRIu64 "\n", (uint64_t)atomic_load(&executed));
        fflush(marks);  // nobody closes it when the guest exits
    }
}

int qemu_plugin_version = API_VERSION;

// argv: out=FILE, for the counts, one to a line.
int qemu_plugin_install(uint64_t id, const void* info, int argc, char** argv) {
    (void)info;
    if (argc != 1 || strncmp(argv[0], kOut, sizeof kOut - 1) != 0) {
        fprintf(stderr, "count_instructions: expected out=FILE\n");
        return -1;
    }
    marks = fopen(argv[0] + sizeof kOut - 1, "w");
    if (marks == NULL) {
        perror(argv[0]);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translated);
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    return 0;
}
