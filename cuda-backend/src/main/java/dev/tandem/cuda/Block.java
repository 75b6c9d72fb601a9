package dev.tandem.cuda;

import dev.tandem.cuda.driver.DeviceMemory;

/** A piece of device memory of some size class, handed out whole. */
final class Block {
  private final DeviceMemory memory;
  private final int sizeClass;
  private Pool home;

  Block(DeviceMemory memory, int sizeClass, Pool home) {
    this.memory = memory;
    this.sizeClass = sizeClass;
    this.home = home;
  }

  DeviceMemory memory() {
    return memory;
  }

  long address() {
    return memory.address();
  }

  int sizeClass() {
    return sizeClass;
  }

  /** Where it goes when it is given back. */
  Pool home() {
    home = home.heir();
    return home;
  }

  void settle(Pool pool) {
    home = pool;
  }
}
