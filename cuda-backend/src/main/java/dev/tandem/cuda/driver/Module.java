package dev.tandem.cuda.driver;

/** Loaded PTX. */
public interface Module extends AutoCloseable {
  /** A kernel by its entry's name. The module's, and not closed by itself. */
  Function function(String name);

  /** A variable of the module in global or constant memory. It belongs to the module: closing it does nothing. */
  DeviceMemory global(String name);

  @Override
  void close();
}
