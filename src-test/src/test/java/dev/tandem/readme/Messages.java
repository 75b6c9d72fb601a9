package dev.tandem.readme;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The messages that sources can say, with {@code …} where values will stand. */
final class Messages {
  /** What is at fault outside a program: data, files, devices. */
  private static final Pattern THROWN =
      Pattern.compile("new (?:Data|File|Backend|OutOfMemory|NoSuchColumn)Exception\\(");

  /** What the system refuses. */
  private static final Pattern REFUSED =
      Pattern.compile("FileException\\.of\\(\\s*\"([^\"]*)\",[^\";]*,\\s*\"([^\"]*)\"");

  /** What no user meets unless Tandem itself is wrong. */
  private static final Pattern DEFECT =
      Pattern.compile("new (?:IllegalState|UncheckedIO)Exception\\(\\s*\"[^\"]*\"");

  private static final Pattern SUBJECT = Pattern.compile("([A-Za-z][\\w -]*): ");
  private static final String VALUE = "…";

  private final String source;

  /** @param source Java, with strings in one piece and {@code '} for each quote within */
  Messages(String source) {
    this.source = source;
  }

  /** What exceptions on data, files and devices are given, each up to the values that are at fault. */
  Set<String> thrown() {
    Set<String> heads = new LinkedHashSet<>();
    for (MatchResult found : THROWN.matcher(source).results().toList()) {
      String head = head(argument(found.end()));
      if (tells(head)) {
        heads.add(head);
      }
    }
    REFUSED
        .matcher(source)
        .results()
        .forEach(found -> heads.add(found.group(1) + ": " + VALUE + " " + found.group(2)));
    return heads;
  }

  /** The first words of those, up to the colon. */
  Set<String> subjects() {
    Set<String> subjects = new TreeSet<>();
    for (MatchResult found : THROWN.matcher(source).results().toList()) {
      Matcher subject = SUBJECT.matcher(argument(found.end()));
      if (subject.lookingAt()) {
        subjects.add(subject.group(1));
      }
    }
    REFUSED.matcher(source).results().forEach(found -> subjects.add(found.group(1)));
    return subjects;
  }

  /** Strings that begin with a subject, whoever is given them: a method that makes the exception, or a log. */
  Set<String> about(Set<String> subjects) {
    return literals(DEFECT.matcher(source).replaceAll(""), subjects);
  }

  /** Those too that only a mistake in a program leads to. */
  Set<String> ofPrograms(Set<String> subjects) {
    return literals(source, subjects);
  }

  private static Set<String> literals(String source, Set<String> subjects) {
    Set<String> heads = new LinkedHashSet<>();
    Pattern message = Pattern.compile("\"((?:" + String.join("|", subjects) + "): [^\"%{]*)[\"%{]");
    for (MatchResult found : message.matcher(source).results().toList()) {
      String head = head(found.group(1));
      if (tells(head)) {
        heads.add(head);
      }
    }
    return heads;
  }

  /** Whether a row is on a message. Either may leave the subject to a value, and end earlier than the other. */
  static boolean same(String row, String head) {
    String a = head(row);
    String b = head;
    if (a.startsWith(VALUE + ":") || b.startsWith(VALUE + ":")) {
      a = a.substring(Math.max(0, a.indexOf(':')));
      b = b.substring(Math.max(0, b.indexOf(':')));
    }
    return tells(a) && (a.startsWith(b) || b.startsWith(a));
  }

  /** Whether there are words beside the subject, which are not put together from values. */
  private static boolean tells(String head) {
    return head.matches("[^:]*:.*[a-z].*");
  }

  /** A message up to what it got or what to do. */
  private static String head(String message) {
    return message.replaceFirst("(?:, got |; ).*", "").replaceAll("[;:,(' …]+$", "").strip();
  }

  /** A call's first argument, which begins there: strings joined by + as they are, all else a value. */
  private String argument(int from) {
    List<String> parts = new ArrayList<>();
    int depth = 0;
    for (int i = from; i < source.length(); i++) {
      char c = source.charAt(i);
      if (c == '"') {
        int end = source.indexOf('"', i + 1);
        add(parts, depth == 0 ? source.substring(i + 1, end) : VALUE);
        i = end;
      } else if (c == '\'' && source.charAt(i + 2) == '\'') {
        i += 2; // a character, perhaps a quote or a bracket
      } else if (c == '(') {
        depth++;
      } else if (c == ')' && --depth < 0 || c == ',' && depth == 0) {
        break;
      } else if (!Character.isWhitespace(c) && c != '+') {
        add(parts, VALUE);
      }
    }
    return String.join("", parts);
  }

  private static void add(List<String> parts, String part) {
    if (!part.equals(VALUE) || parts.isEmpty() || !parts.getLast().equals(VALUE)) {
      parts.add(part);
    }
  }
}
