package dev.tandem.ptx;

import dev.tandem.cuda.driver.Blas;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.Device;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Event;
import dev.tandem.cuda.driver.MemoryInfo;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A hold on the software GPU. Several may be open; they share its memory. */
final class EmulatedContext implements Context {
  private final EmulatedGpu gpu;
  private final EmulatedDevice device;
  private final Set<AutoCloseable> owned = new LinkedHashSet<>();
  private boolean closed;

  EmulatedContext(EmulatedGpu gpu, EmulatedDevice device) {
    this.gpu = gpu;
    this.device = device;
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public Module load(String name, String ptx) {
    synchronized (gpu) {
      checkOpen("cuModuleLoadData");
      return own(EmulatedModule.load(gpu, name, ptx));
    }
  }

  @Override
  public Stream stream() {
    synchronized (gpu) {
      checkOpen("cuStreamCreate");
      EmulatedStream stream = new EmulatedStream(gpu, this);
      gpu.add(stream);
      return own(stream);
    }
  }

  @Override
  public Event event(boolean timing) {
    synchronized (gpu) {
      checkOpen("cuEventCreate");
      return new EmulatedEvent(gpu, timing);
    }
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    synchronized (gpu) {
      checkOpen("cuMemAlloc");
      gpu.refuseDuringCapture("cuMemAlloc");
      long address = gpu.allocate("cuMemAlloc", bytes, EmulatedGpu.Use.PLAIN);
      return new EmulatedMemory(gpu, address, bytes, false, () -> free(address, bytes));
    }
  }

  private void free(long address, long bytes) {
    synchronized (gpu) {
      gpu.check("cuMemFree");
      gpu.refuseDuringCapture("cuMemFree");
      gpu.drain();
      gpu.free(address, bytes, false);
      gpu.report("cuMemFree");
    }
  }

  @Override
  public PinnedMemory pin(long bytes) {
    synchronized (gpu) {
      checkOpen("cuMemHostAlloc");
      gpu.refuseDuringCapture("cuMemHostAlloc");
      if (bytes <= 0) {
        throw new DriverException(
            "cuMemHostAlloc",
            DriverError.CUDA_ERROR_INVALID_VALUE,
            "got " + bytes + " bytes; ask for at least 1");
      }
      return new EmulatedPinned(gpu, bytes);
    }
  }

  @Override
  public MemoryInfo memory() {
    synchronized (gpu) {
      checkOpen("cuMemGetInfo");
      return gpu.memoryInfo();
    }
  }

  @Override
  public void keepFreed(long bytes) {
    synchronized (gpu) {
      checkOpen("cuMemPoolSetAttribute");
      gpu.pool().keep(bytes);
    }
  }

  @Override
  public void trim(long bytesKept) {
    synchronized (gpu) {
      checkOpen("cuMemPoolTrimTo");
      gpu.pool().trim(bytesKept);
    }
  }

  @Override
  public void synchronize() {
    synchronized (gpu) {
      checkOpen("cuCtxSynchronize");
      gpu.refuseDuringCapture("cuCtxSynchronize");
      gpu.drain();
      gpu.pool().synchronised();
      gpu.report("cuCtxSynchronize");
    }
  }

  @Override
  public Blas blas() {
    synchronized (gpu) {
      checkOpen("cublasCreate");
      return new EmulatedBlas(
          new BlasMemory(gpu),
          (stream, what, work) -> {
            synchronized (gpu) {
              gpu.check("cublasGemmEx");
              ((EmulatedStream) stream).give(new Work(Work.Kind.PRODUCT, what, work));
            }
          });
    }
  }

  /** Closing the context closes it, unless it was closed before. */
  private <T extends AutoCloseable> T own(T resource) {
    owned.add(resource);
    return resource;
  }

  void forget(AutoCloseable resource) {
    owned.remove(resource);
  }

  private void checkOpen(String operation) {
    gpu.check(operation);
    if (closed) {
      throw new DriverException(
          operation, DriverError.CUDA_ERROR_CONTEXT_IS_DESTROYED, "open the device again");
    }
  }

  @Override
  public void close() {
    synchronized (gpu) {
      if (closed) {
        return;
      }
      closed = true;
      List<AutoCloseable> all = new ArrayList<>(owned);
      for (AutoCloseable resource : all.reversed()) {
        switch (resource) {
          case EmulatedStream stream -> stream.close();
          case EmulatedModule module -> module.close();
          default ->
              throw new IllegalStateException("context: does not own a " + resource.getClass());
        }
      }
      gpu.closed(this);
    }
  }
}
