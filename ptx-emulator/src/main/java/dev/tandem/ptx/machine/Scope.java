package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Type;
import dev.tandem.ptx.text.Variable;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * Where a kernel's names live while it runs: registers, constants and special registers in slots of {@link Warp#r},
 * predicates in slots of {@link Warp#p}, variables at addresses.
 *
 * <p>A slot holds 32 lanes of 64 bits. Bits above those that an instruction's type reads are ignored by the reader and need
 * not be kept clean by the writer; so a writer whose register is wider than its type (ld, cvt) extends to 64 bits.
 */
public final class Scope {
  private final Map<String, Integer> registers = new HashMap<>();
  private final Map<String, Integer> predicates = new HashMap<>();
  private final Map<Long, Integer> constants = new LinkedHashMap<>();
  private final Map<String, Integer> specials = new LinkedHashMap<>();
  private final Map<Variable, Long> places = new HashMap<>();
  private final ToLongFunction<Variable> ofModule;
  private int slots;
  private long sharedBytes;
  private long localBytes;

  /**
   * @param ofModule addresses of the module's global and constant variables, in their own windows as {@link Windows} has
   *     them
   */
  public Scope(LinkedKernel kernel, ToLongFunction<Variable> ofModule) {
    this.ofModule = ofModule;
    for (int i = 0; i < kernel.parameters().size(); i++) {
      places.put(kernel.parameters().get(i), kernel.offsets().get(i));
    }
    for (Variable variable : kernel.local()) {
      localBytes = align(localBytes, variable.alignment());
      places.put(variable, localBytes);
      localBytes += variable.bytes();
    }
    for (Variable variable : kernel.shared()) {
      sharedBytes = align(sharedBytes, variable.alignment());
      places.put(variable, sharedBytes);
      sharedBytes += variable.bytes();
    }
  }

  /** The slot that a source operand is read from: a register's, or one that holds the value in every lane. */
  public int source(Instruction at, Operand operand, Type type) {
    return switch (operand) {
      case Operand.Register register -> register(at, register);
      case Operand.Special special -> special(special.name());
      case Operand.IntegerLiteral literal -> constant(literal.value());
      case Operand.FloatLiteral literal -> constant(floatBits(at, literal, type));
      case Operand.Symbol symbol -> constant(address(symbol));
      default -> throw at.unknown("cannot read " + operand);
    };
  }

  /** The slot that a result is written to; a {@link Operand.Sink} has one that nobody reads. */
  public int destination(Instruction at, Operand operand) {
    return switch (operand) {
      case Operand.Register register -> register(at, register);
      case Operand.Sink _ -> registers.computeIfAbsent("_", _ -> slots++);
      default -> throw at.unknown("cannot write to " + operand);
    };
  }

  /** The slot of a predicate in {@link Warp#p}. For {@link Operand.Not}, ask for its inside and negate. */
  public int predicate(Instruction at, Operand operand) {
    return switch (operand) {
      case Operand.Register register when register.type() == Type.PRED ->
          predicates.computeIfAbsent(register.name(), _ -> predicates.size());
      case Operand.Sink _ -> predicates.computeIfAbsent("_", _ -> predicates.size());
      default -> throw at.unknown("is not a predicate: " + operand);
    };
  }

  /**
   * Where a variable lies: in shared, local, constant and parameter space an offset in the space, in global space the
   * device's address.
   */
  public long address(Operand.Symbol symbol) {
    Long place = places.get(symbol.variable());
    return (place != null ? place : ofModule.applyAsLong(symbol.variable())) + symbol.offset();
  }

  /** Bits above 64 are never asked for: {@code .b128} registers are pairs, see {@link #high}. */
  public int high(Instruction at, Operand operand) {
    if (operand instanceof Operand.Register register && register.type() == Type.B128) {
      return registers.computeIfAbsent(register.name() + "'high", _ -> slots++);
    }
    throw at.unknown("has no upper half: " + operand);
  }

  /** Gives registers their slots, before any is asked for; those not named get slots of their own. */
  void place(Map<String, Integer> slotsOfRegisters) {
    registers.putAll(slotsOfRegisters);
    slots = slotsOfRegisters.values().stream().mapToInt(slot -> slot + 1).max().orElse(0);
  }

  /** The slot of a register, or -1 where none of that name is in use as a value. */
  int slotOf(String register) {
    return registers.getOrDefault(register, -1);
  }

  /** How many slots {@link Warp#r} needs. */
  public int slots() {
    return slots;
  }

  /** How many slots {@link Warp#p} needs. */
  public int predicateSlots() {
    return predicates.size();
  }

  /** Values to be put in every lane of their slots before a warp begins. */
  public Map<Long, Integer> constants() {
    return constants;
  }

  /** Special registers in use, to be put in their slots before a warp begins. */
  public Map<String, Integer> specials() {
    return specials;
  }

  /** Static shared memory; dynamic shared memory begins here, at the alignment of the extern arrays. */
  public long sharedBytes() {
    return sharedBytes;
  }

  public long localBytes() {
    return localBytes;
  }

  private static long floatBits(Instruction at, Operand.FloatLiteral literal, Type type) {
    return switch (type) {
      case F32, B32, U32, S32, TF32 -> literal.singleBits();
      case F64, B64, U64, S64 -> literal.doubleBits();
      default -> throw at.unknown("a floating literal is no operand of type " + type.word());
    };
  }

  private int register(Instruction at, Operand.Register register) {
    if (register.type() == Type.PRED) {
      throw at.unknown("predicate " + register.name() + " is no value; use selp or setp");
    }
    return registers.computeIfAbsent(register.name(), _ -> slots++);
  }

  private int constant(long bits) {
    return constants.computeIfAbsent(bits, _ -> slots++);
  }

  private int special(String name) {
    return specials.computeIfAbsent(name, _ -> slots++);
  }

  private static long align(long at, int alignment) {
    return (at + alignment - 1) / alignment * alignment;
  }
}
