/** Code of the rehearsal: a fenced block in the language asked for, with a labelled comment and one statement. */
import { REHEARSAL_LABEL } from './words.ts'

/** Begins a comment that ends with its line. */
const COMMENTS: Readonly<Record<string, string>> = { bash: '#', python: '#', ruby: '#', sql: '--', cobol: '      *>' }

/** One statement that prints a text without quotes, backslashes, `$` and `#`. */
const STATEMENTS: Readonly<Record<string, (text: string) => string>> = {
  bash: (text) => `echo "${text}"`,
  c: (text) => `#include <stdio.h>\n\nint main(void) {\n    puts("${text}");\n    return 0;\n}`,
  cobol: (text) =>
    `       IDENTIFICATION DIVISION.\n       PROGRAM-ID. REHEARSAL.\n       PROCEDURE DIVISION.\n           DISPLAY "${text.slice(0, 40)}".\n           STOP RUN.`,
  cpp: (text) => `#include <iostream>\n\nint main() {\n    std::cout << "${text}" << std::endl;\n    return 0;\n}`,
  csharp: (text) => `System.Console.WriteLine("${text}");`,
  go: (text) => `package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("${text}")\n}`,
  java: (text) => `class Rehearsal {\n    public static void main(String[] args) {\n        System.out.println("${text}");\n    }\n}`,
  javascript: (text) => `console.log("${text}");`,
  kotlin: (text) => `fun main() {\n    println("${text}")\n}`,
  python: (text) => `print("${text}")`,
  ruby: (text) => `puts "${text}"`,
  rust: (text) => `fn main() {\n    println!("${text}");\n}`,
  scala: (text) => `@main def rehearsal(): Unit =\n  println("${text}")`,
  sql: (text) => `SELECT '${text}' AS rehearsal;`,
  swift: (text) => `print("${text}")`,
  typescript: (text) => `console.log("${text}");`,
}

/** The sentence of `src/columns/llm-code.ts` that asks for code. */
const ASKED = /\n\nWrite the code in [^\n]*exactly one fenced code block that begins with ```([a-z]+)[^\n]*$/

/** The language asked for in any user message, the last one first: correction rounds follow the message that asks. */
export function codeWanted(users: readonly string[]): string | undefined {
  for (const text of users.toReversed()) {
    const language = ASKED.exec(text)?.[1]
    if (language !== undefined && Object.hasOwn(STATEMENTS, language)) return language
  }
  return undefined
}

/** The prompt proper. */
export function withoutCodeRequest(text: string): string {
  return text.replace(ASKED, '')
}

/** A fenced block of code made of the prompt's first words. */
export function codeAnswer(language: string, words: readonly string[]): string {
  const text = words
    .slice(0, 8)
    .join(' ')
    .replaceAll(/[^\p{L}\p{N} .,:-]/gu, '')
  const comment = `${COMMENTS[language] ?? '//'} ${REHEARSAL_LABEL}${text}`
  return `\`\`\`${language}\n${comment}\n${STATEMENTS[language]!(text)}\n\`\`\``
}
