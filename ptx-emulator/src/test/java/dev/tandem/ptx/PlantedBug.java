package dev.tandem.ptx;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Function;
import dev.tandem.cuda.driver.LaunchShape;
import dev.tandem.ptx.machine.Finding;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * A pair of kernels of src/test/cuda/bugs, one of which is wrong: how both are launched, what must be found in the one, and
 * what the other must give. Each takes words to read, words to write, and a third argument.
 */
final class PlantedBug {
  /** What an address is counted from. */
  enum From {
    IN,
    OUT,
    ZERO,
    /** Not in global memory, or not foreseeable: any will do. */
    ANYWHERE
  }

  /** What the third argument is. */
  enum Third {
    COUNT,
    NULL,
    /** The address of a word that is zero. */
    FLAG
  }

  final String file;
  final String name;
  final Finding.Kind kind;
  LaunchShape shape = LaunchShape.of(1, 32);
  int[] in = {};
  int outWords;
  int[] expected = {};
  int n;
  Third third = Third.COUNT;
  int inWritten = -1;
  int outFilled;
  int inPromised = -1;
  int outPromised = -1;
  boolean promised = true;
  boolean inChanges;
  int block = -1;
  int thread = -1;
  From from = From.ANYWHERE;
  long offset;
  boolean alsoUninitialised;

  PlantedBug(String file, String name, Finding.Kind kind) {
    this.file = file;
    this.name = name;
    this.kind = kind;
  }

  PlantedBug shape(int blocks, int threads) {
    shape = LaunchShape.of(blocks, threads);
    return this;
  }

  PlantedBug shared(int bytes) {
    shape = shape.withShared(bytes);
    return this;
  }

  /** Input of so many words, each a function of its index; the third argument is their count unless it is set after this. */
  PlantedBug in(int words, IntUnaryOperator value) {
    in = new int[words];
    Arrays.setAll(in, value);
    n = words;
    return this;
  }

  /** Output of so many words, and what the right twin makes of the first of them, or of all. */
  PlantedBug out(int words, int expectedWords, IntUnaryOperator value) {
    outWords = words;
    expected = new int[expectedWords];
    Arrays.setAll(expected, value);
    return this;
  }

  PlantedBug out(int words, IntUnaryOperator value) {
    return out(words, words, value);
  }

  PlantedBug n(int count) {
    n = count;
    return this;
  }

  PlantedBug third(Third what) {
    third = what;
    return this;
  }

  /** Only so many words of the input are written before the launch. */
  PlantedBug inWritten(int words) {
    inWritten = words;
    return this;
  }

  /** So many words of the output are zero before the launch. */
  PlantedBug outFilled(int words) {
    outFilled = words;
    return this;
  }

  /** The launch promises the kernel so many words only of each. */
  PlantedBug promised(int inWords, int outWords) {
    inPromised = inWords;
    outPromised = outWords;
    return this;
  }

  /** The launch says nothing of the extent of its addresses. */
  PlantedBug unpromised() {
    promised = false;
    return this;
  }

  /** The input is promised for reading and writing. */
  PlantedBug inChanges() {
    inChanges = true;
    return this;
  }

  /** Who must be found; -1 is anyone. */
  PlantedBug by(int block, int thread) {
    this.block = block;
    this.thread = thread;
    return this;
  }

  /** The address that must be found. */
  PlantedBug at(From from, long offset) {
    this.from = from;
    this.offset = offset;
    return this;
  }

  /** In one order of the two accesses, what is read has not been written at all, and that is found too. */
  PlantedBug alsoUninitialised() {
    alsoUninitialised = true;
    return this;
  }

  /** The pieces of memory of a launch. */
  record Memory(DeviceMemory in, DeviceMemory out, DeviceMemory flag) {}

  Memory allocate(Gpu gpu) {
    DeviceMemory input = gpu.allocate(Math.max(1, in.length) * 4L);
    int written = inWritten < 0 ? in.length : inWritten;
    if (written > 0) {
      gpu.write(input.address(), MemorySegment.ofArray(Arrays.copyOf(in, written)));
    }
    DeviceMemory output = gpu.allocate(Math.max(1, outWords) * 4L);
    if (outFilled > 0) {
      gpu.stream().fill(output.address(), 0, 4, outFilled);
    }
    return new Memory(input, output, gpu.zeros(4));
  }

  void launch(Gpu gpu, Function function, Memory memory) {
    Arguments arguments = new Arguments();
    if (promised) {
      long inBytes = 4L * (inPromised < 0 ? in.length : inPromised),
          outBytes = 4L * (outPromised < 0 ? outWords : outPromised);
      if (inChanges) {
        arguments.readWrite(memory.in().address(), inBytes);
      } else {
        arguments.read(memory.in().address(), inBytes);
      }
      arguments.readWrite(memory.out().address(), outBytes);
    } else {
      arguments.address(memory.in().address()).address(memory.out().address());
    }
    switch (third) {
      case COUNT -> arguments.int32(n);
      case NULL -> arguments.int64(0);
      case FLAG -> arguments.readWrite(memory.flag().address(), 4);
    }
    gpu.stream().launch(function, shape, arguments);
    gpu.stream().synchronize();
  }

  /** The address that must be found, once it is known where the memory lies. */
  long address(Memory memory) {
    return switch (from) {
      case IN -> memory.in().address() + offset;
      case OUT -> memory.out().address() + offset;
      case ZERO, ANYWHERE -> offset;
    };
  }

  @Override
  public String toString() {
    return name + " (" + kind + ")";
  }
}
