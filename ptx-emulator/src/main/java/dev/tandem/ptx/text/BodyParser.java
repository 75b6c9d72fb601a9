package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Reads a function's body: declarations, labels and instructions. */
final class BodyParser {
  private static final Set<String> FOREIGN =
      Set.of(
          "tex",
          "tld4",
          "txq",
          "suld",
          "sust",
          "sured",
          "suq",
          "istypep",
          "tensormap",
          "wgmma",
          "tcgen05");

  private final Tokens tokens;
  private final Declarations declarations;
  private final OperandParser operands;
  private final VariableParser variables;
  private final SourceLines lines;
  private final List<Statement> statements = new ArrayList<>();
  private final List<Variable> declared = new ArrayList<>();
  private final List<Pending> pending = new ArrayList<>();
  private final Set<String> labels = new HashSet<>();
  private Names names;
  private int scopes;

  /**
   * @param names holds the parameters
   */
  BodyParser(Tokens tokens, Declarations declarations, Names names) {
    this.tokens = tokens;
    this.declarations = declarations;
    this.names = names;
    operands = new OperandParser(tokens, declarations);
    variables = new VariableParser(tokens);
    lines = new SourceLines(tokens, declarations.files);
  }

  /** A branch whose label may stand after it. */
  private record Pending(int at, Instruction instruction, Names names, String label) {}

  /** What the body declares outside registers. */
  List<Variable> variables() {
    return declared;
  }

  /** Reads from after the opening brace to the closing one, which it takes. */
  List<Statement> parse() {
    Names function = names;
    while (true) {
      Token token = tokens.peek();
      if (tokens.accept("}")) {
        if (names == function) {
          break;
        }
        names = names.outer();
      } else if (tokens.accept("{")) {
        names = new Names(names, "#" + ++scopes);
      } else if (!tokens.accept(";")) {
        statement(token);
      }
    }
    for (Pending branch : pending) {
      int line = branch.instruction.line();
      List<String> targets =
          branch.instruction.opcode().equals("brx")
              ? branch.names.targets(branch.label, line)
              : List.of(branch.names.target(branch.label, line));
      statements.set(branch.at, new Statement.Branch(branch.instruction, targets));
    }
    return statements;
  }

  private void statement(Token token) {
    switch (token.kind()) {
      case DOT -> directive(tokens.next());
      case WORD -> {
        if (tokens.peek(1).mark(":")) {
          label();
        } else {
          instruction(null);
        }
      }
      default -> {
        if (!tokens.accept("@")) {
          throw tokens.expected("an instruction, a label, a declaration or '}'");
        }
        instruction(guard());
      }
    }
  }

  private void directive(Token token) {
    switch (token.text()) {
      case "reg" -> variables.registers(names);
      case "loc" -> lines.location();
      case "pragma" -> skipStatement();
      case "extern" -> variable(tokens.next(), true);
      default -> variable(token, false);
    }
  }

  private void variable(Token token, boolean extern) {
    Space space =
        switch (token.text()) {
          case "local", "shared", "param", "global", "const" ->
              Space.of(token.text()).orElseThrow();
          default ->
              throw new PtxException(
                  token.line(), "expected a directive of a body, got " + token.shown());
        };
    for (VariableParser.Declared one : variables.variables(variables.kind(space, extern))) {
      Variable variable = one.named(extern ? one.name() : declarations.unique(one.name()));
      names.variable(one.name(), variable);
      if (extern || space == Space.GLOBAL || space == Space.CONST) {
        declarations.variable(variable);
      } else {
        declared.add(variable);
      }
    }
  }

  private void label() {
    Token token = tokens.next();
    tokens.expect(":", "after a label");
    Token next = tokens.peek();
    if (tokens.acceptDot("branchtargets")) {
      List<String> targets = new ArrayList<>();
      do {
        targets.add(tokens.word("a label"));
      } while (tokens.accept(","));
      tokens.expect(";", "after .branchtargets");
      names.table(token.text(), targets);
    } else if (tokens.acceptDot("calltargets") || tokens.acceptDot("callprototype")) {
      // These serve indirect calls, which are refused where one stands.
      skipStatement();
      if (next.text().equals("callprototype")) {
        names.table(token.text(), List.of());
      }
    } else {
      String unique = labels.add(token.text()) ? token.text() : token.text() + "#" + ++scopes;
      names.label(token.text(), unique, token.line());
      statements.add(new Statement.Label(unique, token.line()));
    }
  }

  private Guard guard() {
    boolean negated = tokens.accept("!");
    int line = tokens.line();
    String name = tokens.word("a predicate after '@'");
    if (names.register(name).orElse(null) instanceof Operand.Register register
        && register.type() == Type.PRED) {
      return new Guard(register, negated);
    }
    throw new PtxException(line, "a guard is a predicate, got " + name + "; declare it as .pred");
  }

  private void instruction(Guard guard) {
    int line = tokens.line();
    String opcode = tokens.word("an instruction");
    if (FOREIGN.contains(opcode)) {
      throw new PtxException(
          line,
          opcode
              + ": instructions for textures, surfaces and tensor memory are not emulated; use plain memory");
    }
    List<String> modifiers = new ArrayList<>();
    while (tokens.peek().kind() == Token.Kind.DOT) {
      modifiers.add(tokens.next().text());
    }
    Instruction bare =
        new Instruction(line, lines.current(), guard, opcode, List.copyOf(modifiers), List.of());
    switch (opcode) {
      case "call" -> statements.add(call(bare));
      case "bra" -> branch(bare);
      case "brx" -> branch(withOperands(bare, List.of(operands.operand(names, opcode))));
      default -> statements.add(new Statement.Do(withOperands(bare, operandList(opcode))));
    }
    tokens.expect(";", "after the operands of " + bare.name());
  }

  private List<Operand> operandList(String opcode) {
    List<Operand> list = new ArrayList<>();
    if (!tokens.peek().mark(";")) {
      do {
        list.add(operands.operand(names, opcode));
      } while (tokens.accept(","));
    }
    return List.copyOf(list);
  }

  private void branch(Instruction instruction) {
    if (instruction.opcode().equals("brx")) {
      tokens.expect(",", "before the table of " + instruction.name());
    }
    String label = tokens.word("a label");
    pending.add(new Pending(statements.size(), instruction, names, label));
    statements.add(new Statement.Branch(instruction, List.of(label)));
  }

  /** {@code (results), function, (arguments), table}, of which only the function must be there. */
  private Statement call(Instruction bare) {
    List<Operand> results = List.of();
    if (tokens.accept("(")) {
      results = arguments();
      tokens.expect(",", "between the results and the function of a call");
    }
    int line = tokens.line();
    String name = tokens.word("a function's name");
    // A register here is an indirect call; the linker refuses those that a kernel can come to.
    Operand callee = names.register(name).orElse(new Operand.FunctionAddress(name));
    List<Operand> given = List.of();
    if (tokens.accept(",")) {
      if (tokens.accept("(")) {
        given = arguments();
        if (tokens.accept(",")) {
          tokens.word("a table of targets or a prototype");
        }
      } else {
        tokens.word("arguments in parentheses, a table of targets or a prototype");
      }
    }
    if (callee instanceof Operand.FunctionAddress && !declarations.functions.containsKey(name)) {
      throw new PtxException(
          line, "call: function " + name + " is not declared; declare it before this with .func");
    }
    List<Operand> all = new ArrayList<>(results);
    all.add(callee);
    all.addAll(given);
    String function = callee instanceof Operand.FunctionAddress ? name : null;
    return new Statement.Call(withOperands(bare, List.copyOf(all)), results, function, given);
  }

  private List<Operand> arguments() {
    List<Operand> list = new ArrayList<>();
    if (!tokens.accept(")")) {
      do {
        list.add(operands.operand(names, "call"));
      } while (tokens.accept(","));
      tokens.expect(")", "after the arguments of a call");
    }
    return List.copyOf(list);
  }

  private void skipStatement() {
    while (!tokens.accept(";")) {
      if (tokens.next().kind() == Token.Kind.END) {
        throw tokens.expected("';'");
      }
    }
  }

  private static Instruction withOperands(Instruction bare, List<Operand> operands) {
    return new Instruction(
        bare.line(), bare.source(), bare.guard(), bare.opcode(), bare.modifiers(), operands);
  }
}
