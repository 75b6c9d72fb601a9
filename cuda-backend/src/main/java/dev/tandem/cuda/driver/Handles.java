package dev.tandem.cuda.driver;

import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;

/** JCuda's handles, their numbers made visible: JCuda keeps them protected. */
final class Handles {
  private Handles() {}

  /** A {@code CUcontext} that shows its number. */
  static final class ContextHandle extends CUcontext {
    long raw() {
      return getNativePointer();
    }
  }

  /** A {@code CUstream} that shows its number. */
  static final class StreamHandle extends CUstream {
    long raw() {
      return getNativePointer();
    }
  }

  /** A {@code CUfunction} that shows its number. */
  static final class FunctionHandle extends CUfunction {
    long raw() {
      return getNativePointer();
    }
  }

  /** A {@code CUgraph} that shows its number. */
  static final class GraphHandle extends CUgraph {
    long raw() {
      return getNativePointer();
    }
  }

  /** A {@code CUgraphExec} that shows its number. */
  static final class ExecutableHandle extends CUgraphExec {
    long raw() {
      return getNativePointer();
    }
  }

  /** An address on the device, given or to be filled in by an allocation. */
  static final class DeviceAddress extends CUdeviceptr {
    private static final CUdeviceptr ZERO = new CUdeviceptr();

    DeviceAddress() {
      this(0);
    }

    // There is no constructor from a number. JCuda's native side adds the offset wherever it takes
    // a CUdeviceptr.
    DeviceAddress(long address) {
      super(ZERO, address);
    }

    long raw() {
      return getNativePointer() + getByteOffset();
    }
  }

  /** An address of the host's native memory. JCuda passes it on as it is, without looking at what lies there. */
  static final class HostAddress extends Pointer {
    HostAddress(long address) {
      super(address);
    }
  }
}
