package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Decodes what each lane computes from its own registers: arithmetic, logic, comparisons, conversions, moves. */
final class ArithmeticSteps {
  private static final FormTable TABLE = FormTable.complete();

  /** Read the carry flag as their last operand. */
  private static final Set<String> CARRYING = Set.of("addc", "subc", "madc");

  private ArithmeticSteps() {}

  static Step decode(Instruction instruction, Scope scope) {
    String opcode = instruction.opcode();
    boolean predicates = instruction.modifiers().equals(List.of("pred"));
    return switch (opcode) {
      case "mov" -> MoveSteps.decode(instruction, scope);
      case "setp" -> setPredicate(instruction, scope);
      case "set" -> set(instruction, scope);
      case "lop3" -> lookup(instruction, scope);
      case "and", "or", "xor", "not" ->
          predicates ? logic(instruction, scope) : ofTable(instruction, scope);
      default -> instruction.has("cc") ? carry(instruction, scope) : ofTable(instruction, scope);
    };
  }

  /**
   * Names of all forms known, {@code "fma.rn.ftz.f32"}, in order. Left out is what combines freely: comparisons joined with
   * a predicate; and of {@code set}, whose comparisons are those of {@code setp}, there is one for each pair of types.
   */
  static List<String> forms() {
    List<String> names = new ArrayList<>();
    for (String name : TABLE.names()) {
      if (!name.contains(CarryForms.OUT)) {
        names.add(name);
      }
      if (name.startsWith("setp.")) {
        sets(names, List.of(name.split("\\.")));
      }
    }
    for (Type type : Type.values()) {
      if (MoveSteps.movable(type)) {
        names.add("mov." + type.word());
      }
    }
    names.addAll(List.of("and.pred", "or.pred", "xor.pred", "not.pred"));
    names.addAll(List.of("lop3.b32", "lop3.and.b32", "lop3.or.b32"));
    names.sort(null);
    return names;
  }

  /** The forms of {@code set} that ask what one of {@code setp} does, if it is the one for its type. */
  private static void sets(List<String> names, List<String> setp) {
    Type compared = Type.of(setp.getLast()).orElseThrow();
    boolean bits = compared.word().startsWith("b") && !compared.floating();
    String chosen = compared.floating() ? "geu" : bits ? "eq" : "ge";
    if (!setp.get(1).equals(chosen)) {
      return;
    }
    boolean flush = setp.contains("ftz");
    for (Type type : Type.values()) {
      boolean flushedToBfloat = type == Type.BF16 && flush;
      if (answers(type, compared) && !flushedToBfloat) {
        String words = "." + type.word() + "." + compared.word();
        names.add("set." + chosen + (flush ? ".ftz" : "") + words);
      }
    }
  }

  /** Whether {@code set} can put its answer about one type into another. */
  private static boolean answers(Type type, Type compared) {
    return switch (type) {
      case U32, S32 -> true;
      case F32 -> Form.element(compared).bits() > 16 || !compared.floating();
      case U16, S16 -> compared == Type.F16 || compared == Type.BF16;
      case F16 -> compared != Type.BF16 && !Form.packed(compared);
      case BF16 -> !Form.packed(compared);
      case F16X2, BF16X2 -> type == compared;
      default -> false;
    };
  }

  private static Step ofTable(Instruction instruction, Scope scope) {
    Form form = form(instruction, instruction.modifiers());
    int[] from = sources(instruction, form, instruction.operands().size(), scope);
    if (form.test()) {
      Question question = Question.of(instruction, form, from, null, scope);
      int to = scope.predicate(instruction, instruction.operand(0));
      return new SetPredicateStep(instruction, question, to, SetPredicateStep.NONE);
    }
    int to = scope.destination(instruction, instruction.operand(0));
    return LoopFactory.step(form, instruction, to, from);
  }

  private static Step carry(Instruction instruction, Scope scope) {
    Form value = form(instruction, instruction.modifiers());
    List<String> modifiers = new ArrayList<>(instruction.modifiers());
    modifiers.add(CarryForms.OUT);
    Form out = form(instruction, modifiers);
    int[] from = sources(instruction, value, instruction.operands().size(), scope);
    int to = scope.destination(instruction, instruction.operand(0));
    return new CarryStep(
        instruction, LoopFactory.step(value, instruction, to, from), LoopFactory.test(out, from));
  }

  private static Step setPredicate(Instruction instruction, Scope scope) {
    Question question = question(instruction, scope, instruction.modifiers());
    Operand to = instruction.operand(0);
    if (to instanceof Operand.Pair pair) {
      int first = scope.predicate(instruction, pair.first());
      int second = scope.predicate(instruction, pair.second());
      return new SetPredicateStep(instruction, question, first, second);
    }
    if (question.second() != null) {
      throw instruction.unknown("compares two halves; write two destinations, p|q");
    }
    int first = scope.predicate(instruction, to);
    return new SetPredicateStep(instruction, question, first, SetPredicateStep.NONE);
  }

  private static Step set(Instruction instruction, Scope scope) {
    if (instruction.types().size() != 2) {
      throw instruction.unknown("has two types, of the result and of what is compared");
    }
    Type type = instruction.types().getFirst();
    List<String> modifiers = new ArrayList<>(instruction.modifiers());
    modifiers.remove(type.word());
    Question question = question(instruction, scope, modifiers);
    if (!answers(type, instruction.type())) {
      throw instruction.unknown("cannot answer in " + type.word());
    }
    int to = scope.destination(instruction, instruction.operand(0));
    return new SetStep(instruction, question, to, type);
  }

  /** The question of {@code setp} or {@code set}, whose modifiers are given as {@code setp} would have them. */
  private static Question question(Instruction instruction, Scope scope, List<String> asWritten) {
    List<String> modifiers = new ArrayList<>(asWritten);
    for (BooleanOperation operation : BooleanOperation.values()) {
      modifiers.remove(operation.word());
    }
    boolean joined = modifiers.size() < asWritten.size();
    Form form =
        TABLE
            .find("setp", modifiers)
            .orElseThrow(() -> instruction.unknown("no such comparison of these types"));
    int expected = joined ? 4 : 3;
    if (instruction.operands().size() != expected) {
      throw instruction.unknown(
          "has " + expected + " operands, got " + instruction.operands().size());
    }
    int[] from = sources(instruction, form, 3, scope);
    Operand with = joined ? instruction.operand(3) : null;
    return Question.of(instruction, form, from, with, scope);
  }

  private static Step logic(Instruction instruction, Scope scope) {
    boolean not = instruction.opcode().equals("not");
    if (instruction.operands().size() != (not ? 2 : 3)) {
      throw instruction.unknown("wrong number of operands, " + instruction.operands().size());
    }
    int to = scope.predicate(instruction, instruction.operand(0));
    PredicateOperand a = PredicateOperand.of(instruction, instruction.operand(1), scope);
    if (not) {
      PredicateOperand all = new PredicateOperand(-1, -1);
      return new PredicateStep(instruction, to, BooleanOperation.XOR, a, all);
    }
    PredicateOperand b = PredicateOperand.of(instruction, instruction.operand(2), scope);
    BooleanOperation operation =
        switch (instruction.opcode()) {
          case "and" -> BooleanOperation.AND;
          case "or" -> BooleanOperation.OR;
          default -> BooleanOperation.XOR;
        };
    return new PredicateStep(instruction, to, operation, a, b);
  }

  /** {@code lop3}: its table is an immediate, so each table has a loop of its own. */
  private static Step lookup(Instruction instruction, Scope scope) {
    List<String> modifiers = new ArrayList<>(instruction.modifiers());
    boolean joined = modifiers.remove("and") || modifiers.remove("or");
    if (!modifiers.equals(List.of("b32")) || instruction.operands().size() != (joined ? 6 : 5)) {
      throw instruction.unknown(
          "is written lop3.b32 d, a, b, c, table or lop3.and.b32 d|p, ..., q");
    }
    if (!(instruction.operand(4) instanceof Operand.IntegerLiteral literal)) {
      throw instruction.unknown("needs an immediate as its table, got " + instruction.operand(4));
    }
    int table = (int) literal.value() & 255;
    Form value = Form.uniform(Type.B32, Scalar.of(Bits.class, "lookup", table));
    int[] from = sources(instruction, value, 4, scope);
    if (!joined) {
      int to = scope.destination(instruction, instruction.operand(0));
      return LoopFactory.step(value, instruction, to, from);
    }
    if (!(instruction.operand(0) instanceof Operand.Pair pair)) {
      throw instruction.unknown("needs two destinations, d|p");
    }
    Scalar notZero = Scalar.of(Bits.class, "lookupNotZero", table);
    Form test = Form.of(Type.PRED, notZero, Type.B32, Type.B32, Type.B32);
    Question question = Question.of(instruction, test, from, instruction.operand(5), scope);
    int predicate = scope.predicate(instruction, pair.second());
    int to = scope.destination(instruction, pair.first());
    // The predicate first: the register may be an operand's.
    return StepSequence.of(
        instruction,
        List.of(
            new SetPredicateStep(instruction, question, predicate, SetPredicateStep.NONE),
            LoopFactory.step(value, instruction, to, from)));
  }

  private static Form form(Instruction instruction, List<String> modifiers) {
    return TABLE
        .find(instruction.opcode(), modifiers)
        .orElseThrow(
            () -> instruction.unknown("no instruction of this name and these types is known here"));
  }

  /**
   * Slots of the operands from the second on.
   *
   * @param operands how many the instruction has up to the last of them
   */
  private static int[] sources(Instruction instruction, Form form, int operands, Scope scope) {
    List<Operand> given = new ArrayList<>(instruction.operands().subList(1, Math.max(1, operands)));
    boolean carries = CARRYING.contains(instruction.opcode());
    if (instruction.has("pack") && instruction.types().size() == 2 && given.size() == 2) {
      given.add(new Operand.IntegerLiteral(0));
    }
    int expected = form.sources().size() - (carries ? 1 : 0);
    if (given.size() != expected) {
      throw instruction.unknown(
          "has " + expected + " operands after its result, got " + given.size());
    }
    int[] slots = new int[form.sources().size()];
    Arrays.fill(slots, LaneTest.CARRY);
    for (int i = 0; i < given.size(); i++) {
      slots[i] = source(instruction, given.get(i), form.sources().get(i), scope);
    }
    return slots;
  }

  private static int source(Instruction instruction, Operand operand, Type type, Scope scope) {
    if (type == Type.PRED) {
      return scope.predicate(instruction, operand);
    }
    if (operand instanceof Operand.Special special && Specials.clock(special.name())) {
      throw instruction.unknown("cannot read " + special.name() + "; mov it to a register first");
    }
    // A form of 64 bits serves narrower types; how a literal is read the instruction's own type
    // says.
    Type literal = type == Type.B64 ? instruction.types().getFirst() : type;
    return scope.source(instruction, operand, literal);
  }
}
