package dev.tandem.cuda;

import dev.tandem.cuda.driver.DeviceMemory;

/** A piece of device memory of some rounded size, handed out whole. */
final class Block {
  private final DeviceMemory memory;
  private final long bytes;
  private Pool home;

  Block(DeviceMemory memory, long bytes, Pool home) {
    this.memory = memory;
    this.bytes = bytes;
    this.home = home;
  }

  DeviceMemory memory() {
    return memory;
  }

  long address() {
    return memory.address();
  }

  /** What it was asked of the device for. */
  long bytes() {
    return bytes;
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
