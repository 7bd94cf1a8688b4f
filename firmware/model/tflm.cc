// SPDX-License-Identifier: Apache-2.0
// model.h on top of TFLite-Micro: the .tflite in model.cc, its operators in op_resolver.h.
//
// All that a model needs lies in its kws_model: TFLite-Micro's objects, then the arena. Everything that can
// be wrong is found by kws_model_init(). The arena above all: release builds of TFLite-Micro use what an
// allocation returned without a look, so the allocator here never returns nothing, it ends the
// initialisation.

#include <setjmp.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "model/model.h"
#include "model/profile.h"
#include "op_resolver.h"
#include "tensorflow/lite/micro/arena_allocator/single_arena_buffer_allocator.h"
#include "tensorflow/lite/micro/memory_planner/greedy_memory_planner.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/micro/micro_resource_variable.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tensorflow/lite/schema/schema_utils.h"

namespace {

constexpr size_t kArenaAlignment = 16;  // the most that TFLite-Micro asks for, at either end
constexpr size_t kArenaBytes = KWS_TFLM_ARENA_BYTES / kArenaAlignment * kArenaAlignment;

// The last failure in words: TFLite-Micro itself says nothing in its release builds.
class Message {
  public:
    void clear() {
        memset(text_, 0, sizeof(text_));
        length_ = 0;
    }
    Message& operator<<(const char* text) {
        while (*text != '\0' && length_ + 1 < sizeof(text_)) text_[length_++] = *text++;
        return *this;
    }
    Message& operator<<(size_t number) {
        char digits[24] = {};
        char* first = digits + sizeof(digits) - 1;
        do {
            *--first = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number != 0);
        return *this << first;
    }
    const char* text() const { return text_; }  // the rest of it is zeros

  private:
    char text_[200];
    size_t length_;
};

// How what is called here, or by TFLite-Micro, gets back to the caller with a reason.
struct Failure {
    Message message;
    jmp_buf arena_is_full;  // out of the middle of TFLite-Micro: no frame on the way has a destructor to run

    [[noreturn]] void leave_full_arena(size_t needed_bytes) {
        message << "the tensor arena is too small: needs at least " << needed_bytes << " bytes, has "
                << kArenaBytes << "; build with a larger -DTFLM_ARENA_BYTES";
        longjmp(arena_is_full, 1);
    }
};

// The arena, used from both ends: persistent objects from the tail down, what comes and goes from
// the head up. Checked here because the base class lets the two overlap in some cases.
class Arena final : public tflite::SingleArenaBufferAllocator {
  public:
    Arena(uint8_t* bytes, Failure* failure)
        : SingleArenaBufferAllocator(bytes, kArenaBytes), failure_(failure) {}

    uint8_t* AllocatePersistentBuffer(size_t size, size_t alignment) override {
        const size_t persistent = GetPersistentUsedBytes();
        const size_t needed = (persistent + size + alignment - 1) / alignment * alignment;
        if (needed > kArenaBytes - GetNonPersistentUsedBytes())
            failure_->leave_full_arena(needed + GetNonPersistentUsedBytes());
        return SingleArenaBufferAllocator::AllocatePersistentBuffer(size, alignment);
    }

    uint8_t* AllocateTemp(size_t size, size_t alignment) override {
        const size_t start = (GetNonPersistentUsedBytes() + alignment - 1) / alignment * alignment;
        require_head(start + size);
        return SingleArenaBufferAllocator::AllocateTemp(size, alignment);
    }

    // The other functions of the base class that move the head come by here.
    TfLiteStatus ResizeBuffer(uint8_t* buffer, size_t size, size_t alignment) override {
        require_head(size);
        return SingleArenaBufferAllocator::ResizeBuffer(buffer, size, alignment);
    }

  private:
    void require_head(size_t head) const {
        const size_t persistent = GetPersistentUsedBytes();
        if (head > kArenaBytes - persistent) failure_->leave_full_arena(persistent + head);
    }

    Failure* failure_;
    TF_LITE_REMOVE_VIRTUAL_DELETE
};

// Plans in what is left of the arena, and refuses a buffer for which that is too little.
class Planner final : public tflite::GreedyMemoryPlanner {
  public:
    using GreedyMemoryPlanner::AddBuffer;  // the one with an offset calls the one without

    explicit Planner(Failure* failure) : failure_(failure) {}

    TfLiteStatus AddBuffer(int size, int first_used, int last_used) override {
        const TfLiteStatus status = GreedyMemoryPlanner::AddBuffer(size, first_used, last_used);
        if (status != kTfLiteOk) failure_->leave_full_arena(kArenaBytes + per_buffer_size());
        return status;
    }

  private:
    Failure* failure_;
    TF_LITE_REMOVE_VIRTUAL_DELETE
};

// Memory for an object that lives as long as its model: no destructor runs, as there is no heap to tidy.
template <typename T>
class Forever {
  public:
    template <typename... Arguments>
    T* make(Arguments&&... arguments) {
        return ::new (memory_) T(static_cast<Arguments&&>(arguments)...);
    }

  private:
    alignas(T) uint8_t memory_[sizeof(T)];
};

#ifdef KWS_PROFILE
// What an operator calls, as CALL_ONCE does, counts with it.
class OperatorHook final : public tflite::MicroProfilerInterface {
  public:
    uint32_t BeginEvent(const char*) override {
        ++depth;
        return 0;
    }
    void EndEvent(uint32_t) override {
        if (--depth == 0) kws_profile_op(done_count++);
    }

    int32_t done_count, depth;
};
#endif

// What lies in a kws_model before its arena.
struct Objects {
    tflite::MicroInterpreter* interpreter;  // null until the model is known to run
    Failure failure;
    Forever<OpResolver> resolver;
    Forever<Arena> arena;
    Forever<Planner> planner;
    Forever<tflite::MicroInterpreter> interpreter_memory;
#ifdef KWS_PROFILE
    Forever<OperatorHook> hook_memory;
    OperatorHook* hook;
#endif

    tflite::MicroProfilerInterface* make_profiler() {
#ifdef KWS_PROFILE
        hook = hook_memory.make();
        return hook;
#else
        return nullptr;
#endif
    }
};

// Up to a multiple of kArenaAlignment.
static_assert(sizeof(Objects) + kArenaAlignment <= KWS_TFLM_OBJECT_BYTES,
              "TFLite-Micro has grown: KWS_TFLM_OBJECT_BYTES of model.h is too little");
static_assert(alignof(Objects) <= alignof(uint64_t), "a kws_model is aligned as a number of 64 bits");

Objects& objects_of(kws_model* model) { return *reinterpret_cast<Objects*>(model->memory); }
const Objects& objects_of(const kws_model* model) { return *reinterpret_cast<const Objects*>(model->memory); }

uint8_t* arena_of(kws_model* model) {
    const uintptr_t end = reinterpret_cast<uintptr_t>(model->memory) + sizeof(Objects);
    return reinterpret_cast<uint8_t*>((end + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment);
}

bool has_operators(const tflite::Model* model, const OpResolver& resolver, Message& message) {
    size_t index = 0;
    for (const tflite::SubGraph* subgraph : *model->subgraphs()) {
        for (const tflite::Operator* op : *subgraph->operators()) {
            const tflite::OperatorCode* code = model->operator_codes()->Get(op->opcode_index());
            // Whatever TFLite-Micro calls it; in 2023, TfLiteRegistration.
            decltype(resolver.FindOp(tflite::BuiltinOperator_CONV_2D)) registration = nullptr;
            if (tflite::GetRegistrationFromOpCode(code, resolver, &registration) != kTfLiteOk) {
                message << "op " << index << " of the model is builtin operator "
                        << static_cast<size_t>(tflite::GetBuiltinCode(code))
                        << ", which op_resolver.h does not register; run earshot codegen again";
                return false;
            }
            ++index;
        }
    }
    return true;
}

// What engine.h calls the types of the ends.
constexpr TfLiteType kType_int8 = kTfLiteInt8, kType_uint8 = kTfLiteUInt8, kType_int16 = kTfLiteInt16,
                     kType_int32 = kTfLiteInt32, kType_int64 = kTfLiteInt64, kType_bool = kTfLiteBool,
                     kType_float32 = kTfLiteFloat32;
using Type_int8 = int8_t;
using Type_uint8 = uint8_t;
using Type_int16 = int16_t;
using Type_int32 = int32_t;
using Type_int64 = int64_t;
using Type_bool = uint8_t;
using Type_float32 = float;

bool is_as_expected(Message& message, const char* name, size_t index, const TfLiteTensor* tensor,
                    TfLiteType type, size_t bytes) {
    if (tensor->type == type && tensor->bytes == bytes) return true;
    message << name << " " << index << " of the model has " << tensor->bytes << " bytes of type "
            << static_cast<size_t>(tensor->type) << ", expected " << bytes << " of type "
            << static_cast<size_t>(type) << "; run earshot codegen again";
    return false;
}

#define KWS_COUNT_END(index, suffix, type, count) +1
#define KWS_CHECK_INPUT(index, suffix, type, count)                                  \
    &&is_as_expected(message, "input", index, candidate->input(index), kType_##type, \
                     sizeof(Type_##type) * count)
#define KWS_CHECK_OUTPUT(index, suffix, type, count)                                   \
    &&is_as_expected(message, "output", index, candidate->output(index), kType_##type, \
                     sizeof(Type_##type) * count)

bool has_tensors(tflite::MicroInterpreter* candidate, Message& message) {
    constexpr size_t inputs = 0 KWS_MODEL_INPUTS(KWS_COUNT_END);
    constexpr size_t outputs = 0 KWS_MODEL_OUTPUTS(KWS_COUNT_END);
    if (candidate->inputs_size() == inputs && candidate->outputs_size() == outputs)
        return true KWS_MODEL_INPUTS(KWS_CHECK_INPUT) KWS_MODEL_OUTPUTS(KWS_CHECK_OUTPUT);
    message << "the model has " << candidate->inputs_size() << " inputs and " << candidate->outputs_size()
            << " outputs, expected " << inputs << " and " << outputs;
    return false;
}

// In a function of its own, so that kws_model_init() has no variable that longjmp() could spoil.
int32_t prepare(Objects& objects, uint8_t* arena) {
    Message& message = objects.failure.message;
    if (!tflite::ModelBufferHasIdentifier(g_model)) {
        message << "model.cc holds no .tflite; run earshot codegen again";
        return KWS_MODEL_SCHEMA;
    }
    const tflite::Model* model = tflite::GetModel(g_model);
    if (model->version() != TFLITE_SCHEMA_VERSION) {
        message << "the model has version " << model->version()
                << " of the .tflite schema, TFLite-Micro reads "
                << static_cast<size_t>(TFLITE_SCHEMA_VERSION);
        return KWS_MODEL_SCHEMA;
    }
    OpResolver* resolver = objects.resolver.make();
    if (RegisterOps(*resolver) != kTfLiteOk) {
        message << "op_resolver.h has no room for its own operators; run earshot codegen again";
        return KWS_MODEL_OPERATOR;
    }
    if (!has_operators(model, *resolver, message)) return KWS_MODEL_OPERATOR;

    tflite::MicroAllocator* allocator = tflite::MicroAllocator::Create(
        objects.arena.make(arena, &objects.failure), objects.planner.make(&objects.failure));
    tflite::MicroResourceVariables* variables =
        kResourceVariableCount > 0 ? tflite::MicroResourceVariables::Create(allocator, kResourceVariableCount)
                                   : nullptr;
    tflite::MicroInterpreter* candidate =
        objects.interpreter_memory.make(model, *resolver, allocator, variables, objects.make_profiler());
    if (candidate->AllocateTensors() != kTfLiteOk) {
        message
            << "an operator cannot run the model as it is; a library of TFLite-Micro with logs tells which";
        return KWS_MODEL_PREPARE;
    }
    if (!has_tensors(candidate, message)) return KWS_MODEL_TENSORS;
    objects.interpreter = candidate;
    return 0;
}

int32_t invoke(Objects& objects) {
    Message& message = objects.failure.message;
    if (objects.interpreter == nullptr) {
        message << "kws_model_init() has not succeeded";
        return KWS_MODEL_INVOKE;
    }
#ifdef KWS_PROFILE
    objects.hook->done_count = objects.hook->depth = 0;
#endif
    if (objects.interpreter->Invoke() != kTfLiteOk) {
        message << "an operator failed; a library of TFLite-Micro with logs tells which";
        return KWS_MODEL_INVOKE;
    }
#ifdef KWS_PROFILE
    if (objects.hook->done_count == 0) {
        message << "this library of TFLite-Micro reports no operators: it was built without logs";
        return KWS_MODEL_INVOKE;
    }
#endif
    return 0;
}

}  // namespace

extern "C" int32_t kws_model_init(kws_model* model) {
    Objects& objects = objects_of(model);
    objects.interpreter = nullptr;
    objects.failure.message.clear();
    if (setjmp(objects.failure.arena_is_full) != 0) return KWS_MODEL_ARENA;
    return prepare(objects, arena_of(model));
}

extern "C" int32_t kws_model_invoke(kws_model* model) {
    Objects& objects = objects_of(model);
    objects.failure.message.clear();
    if (setjmp(objects.failure.arena_is_full) != 0) return KWS_MODEL_ARENA;
    return invoke(objects);
}

// Of each end the functions that its type has: where int8 is, or a copy of anything else.
#define KWS_INPUT_int8(index, suffix)                                                             \
    extern "C" int8_t* kws_model_input##suffix(kws_model* model) {                                \
        tflite::MicroInterpreter* const interpreter = objects_of(model).interpreter;              \
        return interpreter == nullptr ? nullptr : interpreter->typed_input_tensor<int8_t>(index); \
    }
#define KWS_OUTPUT_int8(index, suffix)                                                             \
    extern "C" const int8_t* kws_model_output##suffix(const kws_model* model) {                    \
        tflite::MicroInterpreter* const interpreter = objects_of(model).interpreter;               \
        return interpreter == nullptr ? nullptr : interpreter->typed_output_tensor<int8_t>(index); \
    }
#define KWS_COPY_INPUT(index, suffix, type)                                                        \
    extern "C" void kws_model_set_input##suffix(kws_model* model, const Type_##type* values) {     \
        tflite::MicroInterpreter* const interpreter = objects_of(model).interpreter;               \
        TfLiteTensor* const tensor = interpreter == nullptr ? nullptr : interpreter->input(index); \
        if (tensor != nullptr) memcpy(tensor->data.raw, values, tensor->bytes);                    \
    }
#define KWS_COPY_OUTPUT(index, suffix, type)                                                        \
    extern "C" void kws_model_get_output##suffix(const kws_model* model, Type_##type* values) {     \
        tflite::MicroInterpreter* const interpreter = objects_of(model).interpreter;                \
        TfLiteTensor* const tensor = interpreter == nullptr ? nullptr : interpreter->output(index); \
        if (tensor != nullptr) memcpy(values, tensor->data.raw, tensor->bytes);                     \
    }
#define KWS_INPUT_uint8(index, suffix) KWS_COPY_INPUT(index, suffix, uint8)
#define KWS_INPUT_int16(index, suffix) KWS_COPY_INPUT(index, suffix, int16)
#define KWS_INPUT_int32(index, suffix) KWS_COPY_INPUT(index, suffix, int32)
#define KWS_INPUT_int64(index, suffix) KWS_COPY_INPUT(index, suffix, int64)
#define KWS_INPUT_bool(index, suffix) KWS_COPY_INPUT(index, suffix, bool)
#define KWS_INPUT_float32(index, suffix) KWS_COPY_INPUT(index, suffix, float32)
#define KWS_OUTPUT_uint8(index, suffix) KWS_COPY_OUTPUT(index, suffix, uint8)
#define KWS_OUTPUT_int16(index, suffix) KWS_COPY_OUTPUT(index, suffix, int16)
#define KWS_OUTPUT_int32(index, suffix) KWS_COPY_OUTPUT(index, suffix, int32)
#define KWS_OUTPUT_int64(index, suffix) KWS_COPY_OUTPUT(index, suffix, int64)
#define KWS_OUTPUT_bool(index, suffix) KWS_COPY_OUTPUT(index, suffix, bool)
#define KWS_OUTPUT_float32(index, suffix) KWS_COPY_OUTPUT(index, suffix, float32)
#define KWS_DEFINE_INPUT(index, suffix, type, count) KWS_INPUT_##type(index, suffix)
#define KWS_DEFINE_OUTPUT(index, suffix, type, count) KWS_OUTPUT_##type(index, suffix)

KWS_MODEL_INPUTS(KWS_DEFINE_INPUT)
KWS_MODEL_OUTPUTS(KWS_DEFINE_OUTPUT)

extern "C" const char* kws_model_error(const kws_model* model) {
    return objects_of(model).failure.message.text();
}

extern "C" uint32_t kws_model_arena_bytes(const kws_model* model) {
    tflite::MicroInterpreter* const interpreter = objects_of(model).interpreter;
    return interpreter == nullptr ? 0 : static_cast<uint32_t>(interpreter->arena_used_bytes());
}

#ifdef KWS_PROFILE
extern "C" const char* kws_profile_tile(int32_t) { return nullptr; }  // these kernels have none
#endif

#ifdef KWS_NO_HEAP  // our firmware; in other programs, the heap is theirs
// vsnprintf(), in a library of TFLite-Micro with messages, is linked to malloc() without calling it.
extern "C" void* _sbrk(ptrdiff_t) { return reinterpret_cast<void*>(-1); }
#endif
