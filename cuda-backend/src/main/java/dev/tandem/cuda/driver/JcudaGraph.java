package dev.tandem.cuda.driver;

import jcuda.driver.JCudaDriver;

/** A captured graph of the driver's. */
final class JcudaGraph extends JcudaResource implements Graph {
  private final Handles.GraphHandle handle;

  JcudaGraph(JcudaContext context, Handles.GraphHandle handle) {
    super(context, Turn.GRAPH, "graph");
    this.handle = handle;
  }

  long raw() {
    return handle.raw();
  }

  @Override
  public long nodes() {
    enter("cuGraphGetNodes");
    long[] count = new long[1];
    Calls.check(JCudaDriver.cuGraphGetNodes(handle, null, count), "cuGraphGetNodes");
    return count[0];
  }

  @Override
  public ExecutableGraph instantiate() {
    enter("cuGraphInstantiate");
    Handles.ExecutableHandle executable = new Handles.ExecutableHandle();
    Calls.check(JCudaDriver.cuGraphInstantiate(executable, handle, 0), "cuGraphInstantiate");
    return context().adopt(new JcudaExecutableGraph(context(), executable));
  }

  @Override
  void free() {
    Calls.check(JCudaDriver.cuGraphDestroy(handle), "cuGraphDestroy");
  }
}
