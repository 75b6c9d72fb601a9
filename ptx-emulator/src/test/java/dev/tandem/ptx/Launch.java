package dev.tandem.ptx;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.cuda.driver.Stream;
import java.lang.foreign.MemorySegment;

/** A launch being put together: shape first, then arguments in the kernel's order, then {@link #run}. */
final class Launch {
  private final Stream stream;
  private final Function function;
  private final Arguments arguments = new Arguments();
  private LaunchShape shape = LaunchShape.of(1, 1);

  Launch(Stream stream, Function function) {
    this.stream = stream;
    this.function = function;
  }

  Launch shape(LaunchShape shape) {
    this.shape = shape;
    return this;
  }

  Launch shape(int blocks, int threads) {
    return shape(LaunchShape.of(blocks, threads));
  }

  Launch shape(int gridX, int gridY, int blockX, int blockY) {
    return shape(LaunchShape.of(gridX, gridY, blockX, blockY));
  }

  Launch shared(int bytes) {
    return shape(shape.withShared(bytes));
  }

  Launch in(DeviceMemory memory) {
    arguments.read(memory.address(), memory.bytes());
    return this;
  }

  Launch out(DeviceMemory memory) {
    arguments.write(memory.address(), memory.bytes());
    return this;
  }

  Launch inOut(DeviceMemory memory) {
    arguments.readWrite(memory.address(), memory.bytes());
    return this;
  }

  Launch i32(int... values) {
    for (int value : values) {
      arguments.int32(value);
    }
    return this;
  }

  Launch i64(long value) {
    arguments.int64(value);
    return this;
  }

  Launch f32(float... values) {
    for (float value : values) {
      arguments.float32(value);
    }
    return this;
  }

  Launch f64(double value) {
    arguments.float64(value);
    return this;
  }

  Launch bytes(MemorySegment value, int alignment) {
    arguments.bytes(value, alignment);
    return this;
  }

  /** Runs it and waits. */
  void run() {
    stream.launch(function, shape, arguments);
    stream.synchronize();
  }
}
