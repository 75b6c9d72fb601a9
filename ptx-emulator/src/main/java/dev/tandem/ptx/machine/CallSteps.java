package dev.tandem.ptx.machine;

import dev.tandem.cuda.driver.DriverError;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Space;
import dev.tandem.ptx.text.Type;
import java.util.List;

/** Calls of the functions that the system provides: vprintf, __assertfail, malloc and free. */
final class CallSteps {
  /** Longer strings than this are taken to have no end. */
  private static final int LONGEST = 1 << 16;

  private CallSteps() {}

  static Step decode(Instruction instruction, Scope scope) {
    List<Operand> operands = instruction.operands();
    int callee = 0;
    while (callee < operands.size() && !(operands.get(callee) instanceof Operand.FunctionAddress)) {
      callee++;
    }
    if (callee > 1 || callee == operands.size()) {
      throw instruction.unknown("is no call of one function with at most one result");
    }
    String name = ((Operand.FunctionAddress) operands.get(callee)).name();
    int wanted =
        switch (name) {
          case "vprintf" -> 2;
          case "__assertfail" -> 5;
          case "malloc", "free" -> 1;
          default -> throw instruction.unknown("the system has no function " + name);
        };
    List<Operand> arguments = operands.subList(callee + 1, operands.size());
    if (arguments.size() != wanted) {
      throw instruction.unknown(name + " takes " + wanted + " arguments, got " + arguments.size());
    }
    Value[] values =
        arguments.stream().map(a -> Value.of(instruction, scope, a)).toArray(Value[]::new);
    Value result = callee == 0 ? null : Value.result(instruction, scope, operands.getFirst());
    return switch (name) {
      case "vprintf" -> new Print(instruction, result, values);
      case "__assertfail" -> new AssertionFailure(instruction, values);
      case "malloc" -> new Allocate(instruction, result, values);
      default -> new Free(instruction, values);
    };
  }

  /** An argument or a result: in a register's slot, or at an address in local memory. */
  private record Value(int slot, long address) {
    static Value of(Instruction instruction, Scope scope, Operand operand) {
      return operand instanceof Operand.Symbol symbol
          ? new Value(-1, scope.address(symbol))
          : new Value(scope.source(instruction, operand, Type.B64), 0);
    }

    static Value result(Instruction instruction, Scope scope, Operand operand) {
      return operand instanceof Operand.Symbol symbol
          ? new Value(-1, scope.address(symbol))
          : new Value(scope.destination(instruction, operand), 0);
    }

    long read(Warp warp, Step step, int lane, int bytes) {
      if (slot >= 0) {
        return bytes == 4 ? (int) warp.r[slot][lane] : warp.r[slot][lane];
      }
      return MemoryAccess.load(warp, step, Space.LOCAL, lane, address, bytes);
    }

    void write(Warp warp, Step step, int lane, int bytes, long value) {
      if (slot >= 0) {
        warp.r[slot][lane] = value;
      } else {
        MemoryAccess.store(warp, step, Space.LOCAL, lane, address, bytes, value);
      }
    }
  }

  /** A string of a kernel, up to its terminating zero. */
  private static String string(Warp warp, Step step, int lane, long address) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < LONGEST; i++) {
      long character = MemoryAccess.load(warp, step, Space.GENERIC, lane, address + i, 1);
      if (character == 0) {
        break;
      }
      text.append((char) character);
    }
    return text.toString();
  }

  /** {@code vprintf}: lane after lane, to what the launch was given for it. */
  private static final class Print extends Step {
    private final Value result;
    private final Value[] arguments;

    Print(Instruction instruction, Value result, Value[] arguments) {
      super(instruction);
      this.result = result;
      this.arguments = arguments;
    }

    @Override
    public void run(Warp warp, int mask) {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long format = arguments[0].read(warp, this, lane, 8);
        long packed = arguments[1].read(warp, this, lane, 8);
        Printf printf =
            new Printf(
                string(warp, this, lane, format),
                (offset, bytes) ->
                    MemoryAccess.load(warp, this, Space.GENERIC, lane, packed + offset, bytes),
                address -> string(warp, this, lane, address));
        warp.block.print(printf.text());
        if (result != null) {
          result.write(warp, this, lane, 4, printf.count());
        }
      }
    }
  }

  /** {@code __assertfail}: the kernel fails. */
  private static final class AssertionFailure extends Step {
    private final Value[] arguments;

    AssertionFailure(Instruction instruction, Value[] arguments) {
      super(instruction);
      this.arguments = arguments;
    }

    @Override
    public void run(Warp warp, int mask) {
      int lane = Integer.numberOfTrailingZeros(mask);
      String message = string(warp, this, lane, arguments[0].read(warp, this, lane, 8));
      String file = string(warp, this, lane, arguments[1].read(warp, this, lane, 8));
      long line = arguments[2].read(warp, this, lane, 4);
      String function = string(warp, this, lane, arguments[3].read(warp, this, lane, 8));
      throw warp.block.fault(
          DriverError.CUDA_ERROR_ASSERT,
          warp,
          instruction(),
          lane,
          "%s:%d: %s: assertion `%s` failed".formatted(file, line, function, message));
    }
  }

  /** {@code malloc}: memory of the device's heap; 0 where there is none left. */
  private static final class Allocate extends Step {
    private final Value result;
    private final Value[] arguments;

    Allocate(Instruction instruction, Value result, Value[] arguments) {
      super(instruction);
      this.result = result;
      this.arguments = arguments;
    }

    @Override
    public void run(Warp warp, int mask) {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long bytes = arguments[0].read(warp, this, lane, 8);
        if (result != null) {
          result.write(warp, this, lane, 8, allocate(warp, bytes));
        }
      }
    }

    private static long allocate(Warp warp, long bytes) {
      try {
        return bytes <= 0 ? 0 : warp.block.launch.memory.allocateOpen(bytes);
      } catch (DriverException _) {
        return 0;
      }
    }
  }

  /** {@code free}. */
  private static final class Free extends Step {
    private final Value[] arguments;

    Free(Instruction instruction, Value[] arguments) {
      super(instruction);
      this.arguments = arguments;
    }

    @Override
    public void run(Warp warp, int mask) {
      for (int rest = mask; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        long address = arguments[0].read(warp, this, lane, 8);
        if (address != 0) {
          warp.block.launch.memory.free(address);
        }
      }
    }
  }
}
