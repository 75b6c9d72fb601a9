package dev.tandem.cuda.driver;

/** Work that was captured. */
public interface Graph extends AutoCloseable {
  /** How many pieces of work it holds. */
  long nodes();

  /** Makes it ready to run. Memory it names must live as long as the result is used. */
  ExecutableGraph instantiate();

  @Override
  void close();
}
