package dev.tandem.cuda.driver;

/** A kernel. */
public interface Function {
  /** The entry's name. */
  String name();

  /** What the driver knows of the compiled function. */
  int attribute(FunctionAttribute attribute);

  /** Sets one of the attributes that are {@link FunctionAttribute#settable}. */
  void set(FunctionAttribute attribute, int value);

  /** How many blocks of so many threads and dynamic shared memory one multiprocessor runs at a time. */
  int activeBlocks(int blockThreads, long dynamicSharedBytes);
}
