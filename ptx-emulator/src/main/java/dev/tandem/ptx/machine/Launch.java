package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.LaunchShape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** One run of a kernel over a grid. Its shape and arguments have been checked by who makes it. */
public final class Launch {
  /**
   * What was said of the memory behind the arguments.
   *
   * @param declared whether the ranges are all that the kernel is meant to touch
   * @param site where the host made the launch, {@code "Gelu.java:34"}; empty where that is not known
   */
  public record Promise(List<Arguments.Range> ranges, boolean declared, String site) {}

  /**
   * Bytes that cooperative groups synchronise a grid by: their size in the first word, a counter in the second. The address is
   * in %envreg1, its high half, and %envreg2.
   */
  private static final long WORKSPACE_BYTES = 8;

  private static final AtomicLong LAUNCHES = new AtomicLong();

  /** Differs from that of every other launch. */
  final long id = LAUNCHES.incrementAndGet();

  final Program program;
  final LaunchShape shape;

  /** The packed arguments, aligned to 8 bytes and padded to a multiple of 8. */
  final MemorySegment parameters;

  /** The module's constant bank. */
  final MemorySegment constants;

  /** The same as kernels see them. */
  final View parameterView;

  final View constantView;

  /** What was promised, and what the launch itself lends the kernel. */
  final List<Arguments.Range> ranges;

  final boolean declared;
  private final String site;
  final GlobalMemory memory;
  final Sanitizer sanitizer;
  final Machine machine;
  private long workspace;
  private long instructions;

  /**
   * @param arguments packed as the kernel's parameters lie
   * @param constants the module's constant bank, or {@link MemorySegment#NULL}
   */
  public Launch(
      Program program,
      LaunchShape shape,
      byte[] arguments,
      MemorySegment constants,
      Promise promise,
      Machine machine) {
    this.program = program;
    this.shape = shape;
    this.parameters = MemorySegment.ofArray(new long[(arguments.length + 7) / 8]);
    MemorySegment.copy(arguments, 0, parameters, ValueLayout.JAVA_BYTE, 0, arguments.length);
    this.constants = constants;
    this.parameterView = new View(new Region(parameters), Windows.PARAMETER, parameters.byteSize());
    this.constantView = new View(new Region(constants), Windows.CONSTANT, constants.byteSize());
    this.ranges = promise.ranges();
    this.declared = promise.declared();
    this.site = promise.site();
    this.machine = machine;
    this.memory = machine.memory();
    this.sanitizer = machine.sanitizer();
  }

  /**
   * Runs it to its end.
   *
   * @throws KernelFault where a kernel does what no GPU can; of several, that of the first block
   */
  public void run() {
    List<GlobalMemory.Blank> blanks = blanks();
    try {
      runGrid();
    } finally {
      blanks.reversed().forEach(GlobalMemory.Blank::end);
    }
  }

  /** What arguments name as written only counts as unwritten at first. */
  private List<GlobalMemory.Blank> blanks() {
    List<GlobalMemory.Blank> blanks = new ArrayList<>();
    for (Arguments.Range range : ranges) {
      if (range.access() == Arguments.Access.WRITE
          && ranges.stream().noneMatch(other -> reads(other, range))) {
        memory.blank(range.address(), range.bytes()).ifPresent(blanks::add);
      }
    }
    return blanks;
  }

  private static boolean reads(Arguments.Range other, Arguments.Range range) {
    return other.access() != Arguments.Access.WRITE
        && other.address() < range.address() + range.bytes()
        && range.address() < other.address() + other.bytes();
  }

  private void runGrid() {
    if (!shape.cooperative()) {
      new Grid(this).run();
      return;
    }
    workspace = memory.allocateOpen(WORKSPACE_BYTES);
    memory.write(workspace, WORKSPACE_BYTES).fill((byte) 0);
    try {
      new Grid(this).run();
    } finally {
      memory.free(workspace);
    }
  }

  /** Whether an argument says of an address that the kernel writes it before it reads it. */
  boolean writesFirst(long address) {
    return ranges.stream()
        .anyMatch(range ->
            range.access() == Arguments.Access.WRITE
                && address - range.address() >= 0
                && address - range.address() < range.bytes());
  }

  /** The host's part in it, for the end of a finding's message. */
  String origin() {
    if (site.isEmpty()) {
      return "";
    }
    return "; launched at %s with grid (%d, %d, %d), block (%d, %d, %d)"
        .formatted(
            site,
            shape.gridX(),
            shape.gridY(),
            shape.gridZ(),
            shape.blockX(),
            shape.blockY(),
            shape.blockZ());
  }

  /** Where the grid's workspace lies; 0 where the launch is not cooperative. */
  long workspace() {
    return workspace;
  }

  /** Thread instructions executed: one for each lane that takes part. */
  public long instructions() {
    return instructions;
  }

  /** Shared memory of a block, static and dynamic. */
  long sharedBytes() {
    return program.sharedBytes() + shape.sharedBytes();
  }

  void count(long executed) {
    instructions += executed;
  }
}
