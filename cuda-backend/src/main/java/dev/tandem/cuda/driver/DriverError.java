package dev.tandem.cuda.driver;

import java.util.Arrays;

/**
 * What can go wrong: the codes of {@code CUresult} in cuda.h and {@code cublasStatus_t} in cublas_api.h that Tandem may meet,
 * and the cases before there is a driver to ask.
 */
public enum DriverError {
  // Before the first call.
  NO_DRIVER(-1, "there is no NVIDIA driver"),
  NO_CUBLAS(-2, "cuBLAS was not found"),
  NO_BINDING(-3, "the Java binding could not be loaded"),
  DRIVER_TOO_OLD(-5, "the NVIDIA driver is older than CUDA 12"),
  /** Only the software GPU reports it: a kernel did what a GPU leaves undefined. */
  SANITIZER(-4, "the sanitizer found errors"),

  CUDA_ERROR_INVALID_VALUE(1, "an argument is out of range"),
  CUDA_ERROR_OUT_OF_MEMORY(2, "the device has not enough free memory"),
  CUDA_ERROR_NOT_INITIALIZED(3, "the driver is not initialised"),
  CUDA_ERROR_DEINITIALIZED(4, "the driver is shutting down"),
  CUDA_ERROR_STUB_LIBRARY(34, "libcuda.so.1 is the toolkit's stub, not a driver"),
  CUDA_ERROR_DEVICE_UNAVAILABLE(
      46, "the GPU is busy or may not be shared; see nvidia-smi for its compute mode"),
  CUDA_ERROR_NO_DEVICE(100, "the driver sees no GPU"),
  CUDA_ERROR_INVALID_DEVICE(101, "there is no GPU of that number"),
  CUDA_ERROR_INVALID_IMAGE(200, "the module is not a valid image"),
  CUDA_ERROR_INVALID_CONTEXT(201, "the context is not valid"),
  CUDA_ERROR_NO_BINARY_FOR_GPU(209, "the module has no code for this GPU"),
  CUDA_ERROR_ECC_UNCORRECTABLE(214, "the GPU's memory failed beyond correction; see dmesg"),
  CUDA_ERROR_INVALID_PTX(218, "the PTX does not compile"),
  CUDA_ERROR_UNSUPPORTED_PTX_VERSION(222, "the PTX is newer than the driver; update the driver"),
  CUDA_ERROR_JIT_COMPILER_NOT_FOUND(221, "the driver's PTX compiler is not installed"),
  CUDA_ERROR_FILE_NOT_FOUND(301, "a file was not found"),
  CUDA_ERROR_SHARED_OBJECT_INIT_FAILED(303, "a shared library failed to start"),
  CUDA_ERROR_OPERATING_SYSTEM(304, "an operating system call failed"),
  CUDA_ERROR_INVALID_HANDLE(400, "the handle is not valid, or closed"),
  CUDA_ERROR_ILLEGAL_STATE(401, "a resource is not in a state for this"),
  CUDA_ERROR_NOT_FOUND(500, "there is nothing of that name"),
  CUDA_ERROR_NOT_READY(600, "the work is not done yet"),
  CUDA_ERROR_ILLEGAL_ADDRESS(700, "a kernel used an address that is not its to use"),
  CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES(
      701, "the launch needs more registers or shared memory than a block can have"),
  CUDA_ERROR_LAUNCH_TIMEOUT(702, "the kernel ran too long"),
  CUDA_ERROR_CONTEXT_IS_DESTROYED(709, "the context has been destroyed"),
  CUDA_ERROR_ASSERT(710, "an assertion in a kernel failed"),
  CUDA_ERROR_HARDWARE_STACK_ERROR(714, "a kernel's call stack is corrupt"),
  CUDA_ERROR_ILLEGAL_INSTRUCTION(715, "a kernel met an illegal instruction"),
  CUDA_ERROR_MISALIGNED_ADDRESS(716, "a kernel used an address that its access does not divide"),
  CUDA_ERROR_INVALID_ADDRESS_SPACE(717, "a kernel used an address of another state space"),
  CUDA_ERROR_LAUNCH_FAILED(719, "a kernel failed"),
  CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE(
      720, "the blocks of a cooperative launch do not fit on the device at a time"),
  CUDA_ERROR_CONTAINED(
      721, "the GPU's memory failed, and the process that used it must end; see dmesg"),
  CUDA_ERROR_NOT_PERMITTED(800, "this is not permitted"),
  CUDA_ERROR_NOT_SUPPORTED(801, "this device or driver cannot do it"),
  CUDA_ERROR_SYSTEM_NOT_READY(802, "the system is not ready to start CUDA"),
  CUDA_ERROR_SYSTEM_DRIVER_MISMATCH(
      803, "the loaded kernel module and libcuda.so.1 are of different versions; reboot"),
  CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE(
      804, "forward compatibility is not offered on this GPU"),
  CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED(900, "this cannot be captured"),
  CUDA_ERROR_STREAM_CAPTURE_INVALIDATED(901, "the capture was invalidated by an earlier error"),
  CUDA_ERROR_STREAM_CAPTURE_MERGE(902, "this would merge two captures"),
  CUDA_ERROR_STREAM_CAPTURE_UNMATCHED(903, "the capture was not begun on this stream"),
  CUDA_ERROR_STREAM_CAPTURE_UNJOINED(904, "another stream of the capture was not joined"),
  CUDA_ERROR_STREAM_CAPTURE_ISOLATION(905, "this would make a capture depend on work outside it"),
  CUDA_ERROR_STREAM_CAPTURE_IMPLICIT(906, "this would use the legacy stream during a capture"),
  CUDA_ERROR_CAPTURED_EVENT(907, "the event was recorded in a capture"),
  CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD(908, "the capture was begun by another thread"),
  CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE(910, "the graph differs from the one that runs"),
  CUDA_ERROR_UNKNOWN(999, "an error that the driver does not name"),

  CUBLAS_STATUS_NOT_INITIALIZED(1001, "cuBLAS could not start"),
  CUBLAS_STATUS_ALLOC_FAILED(1003, "cuBLAS has not enough memory"),
  CUBLAS_STATUS_INVALID_VALUE(1007, "an argument of the product is out of range"),
  CUBLAS_STATUS_ARCH_MISMATCH(1008, "this GPU cannot compute in that type"),
  CUBLAS_STATUS_MAPPING_ERROR(1011, "cuBLAS could not reach its memory"),
  CUBLAS_STATUS_EXECUTION_FAILED(1013, "the product could not be launched"),
  CUBLAS_STATUS_INTERNAL_ERROR(1014, "cuBLAS failed inside"),
  CUBLAS_STATUS_NOT_SUPPORTED(1015, "cuBLAS has no product of these types"),
  CUBLAS_STATUS_LICENSE_ERROR(1016, "cuBLAS found no licence");

  /** Added to cuBLAS's numbers, which else are also CUDA's. */
  private static final int BLAS = 1000;

  private final int code;
  private final String meaning;

  DriverError(int code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  /** The error of a {@code CUresult} other than success; one not listed here is {@link #CUDA_ERROR_UNKNOWN}. */
  public static DriverError ofCuda(int code) {
    return of(code, CUDA_ERROR_UNKNOWN);
  }

  /** The error of a {@code cublasStatus_t} other than success. */
  public static DriverError ofCublas(int code) {
    return of(BLAS + code, CUBLAS_STATUS_INTERNAL_ERROR);
  }

  private static DriverError of(int code, DriverError otherwise) {
    return Arrays.stream(values())
        .filter(error -> error.code == code)
        .findFirst()
        .orElse(otherwise);
  }

  /** The number in cuda.h or cublas_api.h; negative for those that are Tandem's own. */
  public int code() {
    return code > BLAS ? code - BLAS : code;
  }

  /** What it means, in words for a sentence. */
  public String meaning() {
    return meaning;
  }
}
