import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Returns the statement of a text, which is prepared once. Throws if the database is closed. */
export type Sql = (text: string) => StatementSync;

export function createStatements(database: DatabaseSync): Sql {
  const statements = new Map<string, StatementSync>();
  return (text) => {
    assertOpen(database);
    let statement = statements.get(text);
    if (!statement) {
      statement = database.prepare(text);
      statements.set(text, statement);
    }
    return statement;
  };
}

export function assertOpen(database: DatabaseSync): void {
  if (!database.isOpen) throw new Error('The store is closed. Stop the sender before you close its store.');
}
