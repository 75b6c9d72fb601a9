package dev.tandem.ptx;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Graph;
import java.util.List;

/** Captured work of the software GPU. */
final class EmulatedGraph implements Graph {
  private final EmulatedGpu gpu;
  private final List<Capture.Node> work;
  private boolean closed;

  EmulatedGraph(EmulatedGpu gpu, List<Capture.Node> work) {
    this.gpu = gpu;
    this.work = List.copyOf(work);
  }

  List<Capture.Node> work() {
    return work;
  }

  void checkOpen(String operation) {
    gpu.check(operation);
    if (closed) {
      throw new DriverException(
          operation, DriverError.CUDA_ERROR_INVALID_HANDLE, "the graph is closed");
    }
  }

  @Override
  public long nodes() {
    synchronized (gpu) {
      checkOpen("cuGraphGetNodes");
      return work.size();
    }
  }

  @Override
  public ExecutableGraph instantiate() {
    synchronized (gpu) {
      checkOpen("cuGraphInstantiate");
      return new EmulatedExecutableGraph(gpu, work);
    }
  }

  @Override
  public void close() {
    synchronized (gpu) {
      closed = true;
    }
  }
}
