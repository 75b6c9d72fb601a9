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
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A hold on the software GPU, and all that was made in it. Several may be open; they share its memory. */
final class EmulatedContext implements Context {
  private final EmulatedGpu gpu;
  private final EmulatedDevice device;
  private final Set<EmulatedResource> owned = new LinkedHashSet<>();
  private final List<Blas> blas = new ArrayList<>();
  private boolean closed;

  EmulatedContext(EmulatedGpu gpu, EmulatedDevice device) {
    this.gpu = gpu;
    this.device = device;
  }

  EmulatedGpu gpu() {
    return gpu;
  }

  @Override
  public Device device() {
    return device;
  }

  @Override
  public Module load(String name, String ptx) {
    synchronized (gpu) {
      checkOpen("cuModuleLoadData");
      return EmulatedModule.load(this, name, ptx);
    }
  }

  @Override
  public Stream stream() {
    synchronized (gpu) {
      checkOpen("cuStreamCreate");
      EmulatedStream stream = new EmulatedStream(this);
      gpu.add(stream);
      return stream;
    }
  }

  @Override
  public Event event(boolean timing) {
    synchronized (gpu) {
      checkOpen("cuEventCreate");
      return new EmulatedEvent(this, timing);
    }
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    synchronized (gpu) {
      checkOpen("cuMemAlloc");
      gpu.refuseDuringCapture("cuMemAlloc");
      long address = gpu.allocate("cuMemAlloc", bytes, EmulatedGpu.Use.PLAIN);
      return new EmulatedMemory(this, address, bytes, null);
    }
  }

  @Override
  public PinnedMemory pin(long bytes) {
    synchronized (gpu) {
      checkOpen("cuMemHostAlloc");
      gpu.refuseDuringCapture("cuMemHostAlloc");
      return EmulatedPinned.allocate(this, bytes);
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
      checkNotNegative("cuMemPoolSetAttribute", bytes);
      gpu.pool().keep(bytes);
    }
  }

  @Override
  public void trim(long bytesKept) {
    synchronized (gpu) {
      checkOpen("cuMemPoolTrimTo");
      checkNotNegative("cuMemPoolTrimTo", bytesKept);
      gpu.pool().trim(bytesKept);
    }
  }

  private static void checkNotNegative(String operation, long bytes) {
    if (bytes < 0) {
      throw new DriverException(
          operation,
          DriverError.CUDA_ERROR_INVALID_VALUE,
          "got " + bytes + " bytes; pass at least 0");
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
      EmulatedBlas opened = new EmulatedBlas(new BlasMemory(gpu), this::give);
      blas.add(opened);
      return opened;
    }
  }

  private void give(Stream stream, String what, Runnable work) {
    synchronized (gpu) {
      EmulatedStream queue = EmulatedResource.of(gpu, "gemm", EmulatedStream.class, stream);
      queue.checkOpen("gemm");
      queue.give(new Work(Work.Kind.PRODUCT, what, work));
    }
  }

  /** Closing the context closes it, unless it was closed before. */
  void own(EmulatedResource resource) {
    owned.add(resource);
  }

  void forget(EmulatedResource resource) {
    owned.remove(resource);
  }

  private void checkOpen(String operation) {
    if (closed) {
      throw new DriverException(
          operation, DriverError.CUDA_ERROR_INVALID_HANDLE, "the context was closed before");
    }
    gpu.check(operation);
  }

  @Override
  public void close() {
    synchronized (gpu) {
      if (closed) {
        return;
      }
      closed = true;
      Failures failures = new Failures();
      // Captures first: while one is on, this thread may not wait.
      owned.forEach(resource -> {
        if (resource instanceof EmulatedStream stream) {
          stream.abandonCapture();
        }
      });
      failures.attempt(gpu::drain);
      blas.forEach(handle -> failures.attempt(handle::close));
      List<EmulatedMemory> left = new ArrayList<>();
      List<EmulatedResource> all = new ArrayList<>(owned);
      all.sort(Comparator.comparing(EmulatedResource::turn));
      for (EmulatedResource resource : all) {
        if (resource instanceof EmulatedMemory memory) {
          left.add(memory);
        } else {
          if (resource instanceof EmulatedPinned pinned && !gpu.broken()) {
            gpu.leaked(pinned);
          }
          failures.attempt(resource::close);
        }
      }
      failures.attempt(() -> freeLeft(left));
      failures.attempt(() -> gpu.closed(this));
      failures.finish();
    }
  }

  /** Memory that its owner has not freed: the context does, but says so. */
  private void freeLeft(List<EmulatedMemory> left) {
    if (!gpu.broken()) {
      gpu.leaked(left);
    }
    left.forEach(EmulatedMemory::free);
  }
}
