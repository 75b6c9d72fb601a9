package dev.tandem.ptx;

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
final class EmulatedExecutableGraph extends EmulatedResource implements ExecutableGraph {
  private List<Capture.Node> work;

  EmulatedExecutableGraph(EmulatedContext context, List<Capture.Node> work) {
    super(context, Turn.EXECUTABLE_GRAPH, "executable graph");
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
          gpu().fail(node.work().what() + " in cuGraphLaunch", fault);
          return;
        }
      }
    };
  }

  @Override
  public boolean update(Graph graph) {
    synchronized (gpu()) {
      checkOpen("cuGraphExecUpdate");
      EmulatedGraph other = of(gpu(), "cuGraphExecUpdate", EmulatedGraph.class, graph);
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

  @Override
  void end() {
    markClosed();
  }
}
