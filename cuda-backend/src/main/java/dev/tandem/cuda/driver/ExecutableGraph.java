package dev.tandem.cuda.driver;

/** A graph ready to run, any number of times. */
public interface ExecutableGraph extends AutoCloseable {
  /**
   * For the launches that follow, takes over the arguments of another graph with the same nodes in the same order.
   *
   * @return false where its shape differs, and this one is unchanged: instantiate the other instead
   */
  boolean update(Graph graph);

  @Override
  void close();
}
