package dev.tandem.cuda.driver;

import jcuda.driver.JCudaDriver;

/** An instantiated graph of the driver's. */
final class JcudaExecutableGraph extends JcudaResource implements ExecutableGraph {
  private final Handles.ExecutableHandle handle;

  JcudaExecutableGraph(JcudaContext context, Handles.ExecutableHandle handle) {
    super(context, Turn.EXECUTABLE_GRAPH, "executable graph");
    this.handle = handle;
  }

  Handles.ExecutableHandle handle() {
    return handle;
  }

  @Override
  public boolean update(Graph graph) {
    String operation = "cuGraphExecUpdate";
    enter(operation);
    if (!(graph instanceof JcudaGraph other)) {
      throw Calls.invalid(operation, "the graph is of another driver");
    }
    requireSameContext(operation, other);
    int code = context().library().updateGraph(handle.raw(), other.raw());
    if (code == DriverError.CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE.code()) {
      return false;
    }
    Calls.check(code, operation);
    return true;
  }

  @Override
  void free() {
    Calls.check(JCudaDriver.cuGraphExecDestroy(handle), "cuGraphExecDestroy");
  }
}
