package dev.tandem.ptx;

import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Graph;
import java.util.List;

/** Captured work of the software GPU. */
final class EmulatedGraph extends EmulatedResource implements Graph {
  private final List<Capture.Node> work;

  EmulatedGraph(EmulatedContext context, List<Capture.Node> work) {
    super(context, Turn.GRAPH, "graph");
    this.work = List.copyOf(work);
  }

  List<Capture.Node> work() {
    return work;
  }

  @Override
  public long nodes() {
    synchronized (gpu()) {
      checkOpen("cuGraphGetNodes");
      return work.size();
    }
  }

  @Override
  public ExecutableGraph instantiate() {
    synchronized (gpu()) {
      checkOpen("cuGraphInstantiate");
      return new EmulatedExecutableGraph(context(), work);
    }
  }

  @Override
  void end() {
    markClosed();
  }
}
