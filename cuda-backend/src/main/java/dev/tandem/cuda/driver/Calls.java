package dev.tandem.cuda.driver;

import java.util.Set;
import java.util.function.Supplier;

/** The one place where a code that the CUDA driver returned becomes a {@link DriverException}. */
final class Calls {
  private static final int SUCCESS = 0;

  /** Errors of a kernel or of the memory after which the driver refuses every further call in the context. */
  private static final Set<DriverError> LASTING =
      Set.of(
          DriverError.CUDA_ERROR_ILLEGAL_ADDRESS,
          DriverError.CUDA_ERROR_LAUNCH_TIMEOUT,
          DriverError.CUDA_ERROR_ASSERT,
          DriverError.CUDA_ERROR_HARDWARE_STACK_ERROR,
          DriverError.CUDA_ERROR_ILLEGAL_INSTRUCTION,
          DriverError.CUDA_ERROR_MISALIGNED_ADDRESS,
          DriverError.CUDA_ERROR_INVALID_ADDRESS_SPACE,
          DriverError.CUDA_ERROR_LAUNCH_FAILED,
          DriverError.CUDA_ERROR_ECC_UNCORRECTABLE,
          DriverError.CUDA_ERROR_CONTAINED);

  private Calls() {}

  static void check(int code, String operation) {
    if (code != SUCCESS) {
      throw failure(code, operation);
    }
  }

  /** The same, for an operation whose text names values: it is only made when it is needed. */
  static void check(int code, Supplier<String> operation) {
    if (code != SUCCESS) {
      throw failure(code, operation.get());
    }
  }

  /** The code of a question: true for success, false for {@code CUDA_ERROR_NOT_READY}. */
  static boolean done(int code, String operation) {
    if (code == DriverError.CUDA_ERROR_NOT_READY.code()) {
      return false;
    }
    check(code, operation);
    return true;
  }

  static DriverException failure(int code, String operation) {
    DriverError error = DriverError.ofCuda(code);
    String detail = "";
    if (LASTING.contains(error)) {
      detail = "this or earlier work did it, and the device's context is lost; end the process";
    } else if (error == DriverError.CUDA_ERROR_UNKNOWN) {
      detail = "CUresult " + code + "; see cuda.h of a newer CUDA";
    }
    return new DriverException(operation, error, detail);
  }

  /** An argument that the driver would refuse too, or not even notice. */
  static DriverException invalid(String operation, String detail) {
    return new DriverException(operation, DriverError.CUDA_ERROR_INVALID_VALUE, detail);
  }

  /** A handle that was closed: to the driver it is an address that it follows. */
  static DriverException closed(String operation, String what) {
    return new DriverException(
        operation, DriverError.CUDA_ERROR_INVALID_HANDLE, "the " + what + " was closed before");
  }
}
