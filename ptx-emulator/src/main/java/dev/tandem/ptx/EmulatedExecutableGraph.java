package dev.tandem.ptx;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.ExecutableGraph;
import dev.tandem.cuda.driver.Graph;
import dev.tandem.ptx.machine.KernelFault;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Captured work of the software GPU, to be done again. Node by node in the order of the capture, which is one that its dependencies allow. */
final class EmulatedExecutableGraph implements ExecutableGraph {
  private final EmulatedGpu gpu;
  private List<Capture.Node> work;
  private boolean closed;

  EmulatedExecutableGraph(EmulatedGpu gpu, List<Capture.Node> work) {
    this.gpu = gpu;
    this.work = work;
  }

  /** All of it as one action, with the arguments it has now. */
  Runnable replay() {
    checkOpen("cuGraphLaunch");
    List<Capture.Node> now = work;
    return () -> {
      for (Capture.Node node : now) {
        try {
          node.work().action().run();
        } catch (KernelFault fault) {
          gpu.fail(node.work().what() + " in cuGraphLaunch", fault);
          return;
        }
      }
    };
  }

  @Override
  public boolean update(Graph graph) {
    synchronized (gpu) {
      checkOpen("cuGraphExecUpdate");
      EmulatedGraph other = (EmulatedGraph) graph;
      other.checkOpen("cuGraphExecUpdate");
      if (!sameShape(work, other.work())) {
        return false;
      }
      work = other.work();
      return true;
    }
  }

  /** The same kinds of work on the same kernels, each after the same others. */
  private static boolean sameShape(List<Capture.Node> a, List<Capture.Node> b) {
    return shape(a).equals(shape(b));
  }

  /** A node without its arguments; the others by their numbers. */
  private record Outline(Work.Kind kind, String what, Set<Integer> after) {}

  private static List<Outline> shape(List<Capture.Node> nodes) {
    Map<Capture.Node, Integer> numbers = new HashMap<>();
    List<Outline> shape = new ArrayList<>();
    for (Capture.Node node : nodes) {
      Set<Integer> after = new HashSet<>();
      node.after().forEach(earlier -> after.add(numbers.get(earlier)));
      shape.add(new Outline(node.work().kind(), node.work().what(), after));
      numbers.put(node, numbers.size());
    }
    return shape;
  }

  private void checkOpen(String operation) {
    gpu.check(operation);
    if (closed) {
      throw new DriverException(
          operation, DriverError.CUDA_ERROR_INVALID_HANDLE, "the graph is closed");
    }
  }

  @Override
  public void close() {
    synchronized (gpu) {
      closed = true;
    }
  }
}
