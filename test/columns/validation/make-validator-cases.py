"""Writes validator-cases.json: what DataDesigner's own validators say of the Python and SQL snippets below.

Usage: python make-validator-cases.py > validator-cases.json, with data-designer 0.9.6, ruff 0.17.4 (the version of
@astral-sh/ruff-wasm-nodejs in package.json) and sqlfluff 4.5.0 installed. Run it in a folder without a ruff configuration.
"""

import json
import logging
import sys

from data_designer.config.validator_params import CodeValidatorParams
from data_designer.engine.validators import PythonValidator, SQLValidator

logging.disable(logging.CRITICAL)

PYTHON = [
    "",
    "\n\n",
    "x = 1\n",
    "# only a comment\n",
    "print('hello')\n",
    "def add(a, b):\n    return a + b\n",
    "import os\n\n\ndef f():\n    return 1\n",
    "import os, sys\nprint(os.name)\n",
    "def f(:\n    pass\n",
    "print('open\n",
    "if True:\nprint(1)\n",
    "print(undefined_name)\n",
    "print(a)\nprint(b)\nx = 1\n",
    "def f(a):\n    if a == 1:\n        return True\n    else:\n        return False\n",
    "def f(a):\n    if a == True:\n        return None\n    return a\n",
    "x = None\nif x == None:\n    print(x)\n",
    "if not 'a' in 'abc':\n    print(1)\n",
    "try:\n    x = 1\nexcept:\n    pass\n",
    "f = lambda x: x + 1\nprint(f(1))\n",
    "l = 1\nprint(l)\n",
    "x = 1; y = 2\nprint(x, y)\n",
    "if True: print(1)\n",
    "class A:\n    def f(self):\n        return self\n\n    def f(self):\n        return None\n",
    "def f():\n    x = 1\n",
    "def f(a, b, c, d, e, g):\n    return a\n",
    "def f(x):\n    if x == 42:\n        return 'magic'\n    return None\n",
    "x = 'a line that is much longer than eighty-eight characters, which is what the linter has for its limit'\n",
    "raise NotImplemented\n",
    "def f():\n    return\n    yield\n",
    "return 1\n",
    "yield 1\n",
    "break\n",
    "await x\n",
    "async def f():\n    await g()\n\n\nasync def g():\n    return 1\n",
    "with open('a') as f:\n    with open('b') as g:\n        print(f, g)\n",
    "d = {}\nfor k in d.keys():\n    print(k)\n",
    "x = 1 if True else 2\n",
    "global x\nx = 1\n",
    "def f():\n    global x\n    x = 1\n",
    "print('%s %s' % ('a',))\n",
    "print('{} {}'.format('a'))\n",
    "assert (1, 'always true')\n",
    "x = 1\nx is 1\n",
    "match 1:\n    case 1:\n        print('one')\n    case _:\n        pass\n",
    "type Alias = int\n",
    "def f[T](x: T) -> T:\n    return x\n",
    "try:\n    pass\nexcept* ValueError:\n    pass\n",
    "x: int = 1\n@decorator\ndef f(): ...\n",
    "for i in range(3):\n    pass\nelse:\n    print(i)\n",
    "while True:\n    break\n",
    "if a:\n    pass\nelif b:\n    pass\nelif c:\n    pass\nelse:\n    pass\n",
    "from os import *\nprint(name)\n",
    "print 'hello'\n",
    "exec 'x'\n",
    "def f():\n\treturn 1\n        \n",
    "def f():\n    if True:\n        x = 1\n\ty = 2\n",
    "café = 'naïve'\nprint(café, '日本語', undefined_é)\n",
    "x = '😀'; print(y)\n",
    "s = f'{x!r:>{10}}'\n",
    "x = f'{'nested'}'\n",
    "import numpy as np\n\n\ndef f(n):\n    return np.zeros(n)\n\n\nprint(f(3))\n",
    "def f(n):\n    for i in range(n):\n        for j in range(n):\n            if i:\n                if j:\n                    return i\n    return 0\n",
    "def f(x):\n    return x == 'a' or x == 'b' or x == 'c'\n",
    "class A:\n    def __eq__(self, o):\n        return True\n\n    def __init__(self):\n        return 1\n",
    "x = [i for i in range(3)]\nany([i for i in x])\n",
    "def f(x=[]):\n    x.append(1)\n    return x\n",
    "\ufeffx = 1\n",
    "x = 1\r\nprint(x, y)\r\n",
    "x = 1 \\\n    + 2\n",
    "def fibonacci(n):\n    a, b = 0, 1\n    while a < n:\n        yield a\n        a, b = b, a + b\n\n\nif __name__ == '__main__':\n    for number in fibonacci(100):\n        print(number)\n",
]  # fmt: skip

COMMON = [
    "SELECT 1;",
    "SELECT 1",
    "select id, name from users where age > 18 order by name",
    "SELECT u.id, COUNT(*) AS n FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.id HAVING COUNT(*) > 1;",
    "SELECT * FROM a LEFT JOIN b ON a.id = b.id WHERE b.id IS NULL;",
    "WITH t AS (SELECT id FROM users) SELECT * FROM t;",
    "SELECT CASE WHEN a = 1 THEN 'x' ELSE 'y' END AS c FROM t;",
    "SELECT id, ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) AS rn FROM t;",
    "INSERT INTO users (id, name) VALUES (1, 'Ann'), (2, 'Bob');",
    "UPDATE users SET name = 'Ann' WHERE id = 1;",
    "DELETE FROM users WHERE id = 1;",
    "CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL, price DECIMAL(10, 2));",
    "CREATE TABLE t (price DECIMAL(10));",
    "CREATE TABLE t (price decimal(10));",
    "CREATE TABLE t (a INT, b INT, FOREIGN KEY (a) REFERENCES u (id));",
    "CREATE VIEW v AS SELECT a FROM t;",
    "DROP TABLE t;",
    "SELECT a FROM t UNION ALL SELECT b FROM u;",
    "SELECT (SELECT MAX(a) FROM t) AS m;",
    "SELECT a FROM t WHERE a IN (SELECT b FROM u) AND EXISTS (SELECT 1 FROM v);",
    "SELECT a FROM t WHERE name LIKE '%x%' AND a BETWEEN 1 AND 2;",
    "-- a comment\nSELECT a /* inline */ FROM t;",
    "SELECT a FROM t; SELECT b FROM u;",
    "SELEC a FROM t;",
    "SELECT a FROM;",
    "SELECT a FROM t WHERE;",
    "SELECT a, FROM t;",
    "SELECT (a FROM t;",
    "SELECT a FROM t WHERE a = 'open;",
    "INSERT INTO t VALUES 1, 2;",
    "INSERT t (a) VALUE;",
    "CREATE TABLE t (id INT name TEXT);",
    "CREATE TABLE (id INT);",
    "UPDATE users name = 'x';",
    "DELETE users WHERE;",
    "SELECT a FROM t GROUP a;",
    "SELECT a FROM t ORDER a;",
    "WITH t AS SELECT 1 SELECT * FROM t;",
    "hello world",
    "def f(): return 1",
    "",
]  # fmt: skip
SQL = {
    "sql:ansi": [
        "SELECT a FROM t FETCH FIRST 5 ROWS ONLY;", "SELECT CAST(a AS INTEGER) FROM t;", "SELECT TOP 5 a FROM t;", "SELECT `a` FROM t;",
        "SELECT a FROM t LIMIT 5;", "SELECT EXTRACT(YEAR FROM d) FROM t;", "ALTER TABLE t ADD COLUMN b INT;",
        "CREATE INDEX i ON t (a);", "SELECT a FROM t FOR JSON PATH;", "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = u.a;",
        "GRANT SELECT ON t TO bob;", "BEGIN; COMMIT;",
    ],
    "sql:sqlite": [
        "SELECT a FROM t LIMIT 5 OFFSET 2;", "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT) WITHOUT ROWID;",
        "INSERT OR REPLACE INTO t (a) VALUES (1);", "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = excluded.a;",
        "PRAGMA foreign_keys = ON;", "SELECT strftime('%Y', d) FROM t;", "SELECT TOP 5 a FROM t;", "SELECT a FROM t WHERE a REGEXP 'x';",
        "SELECT a || b FROM t;", "SELECT json_extract(a, '$.b') FROM t;", "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = 1; END;",
        "ALTER TABLE t RENAME COLUMN a TO b;", "SELECT a GLOB 'x*' FROM t;", "CREATE TABLE IF NOT EXISTS t (a REAL CHECK (a > 0), b BLOB);",
        "SELECT DISTINCT ON (a) a FROM t;", "REPLACE INTO t (a) VALUES (1);", "CREATE INDEX IF NOT EXISTS i ON t (a) WHERE a > 0;",
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5) SELECT n FROM c;", "INSERT INTO t (a) VALUES (1) RETURNING a;",
        "PRAGMA table_info(t);", "PRAGMA journal_mode = WAL; SELECT a FROM t;", "PRAGMA;", "SELECT a FROM t WHERE a GLOB;", "SELECT 'PRAGMA x; GLOB' FROM t;",
    ],
    "sql:tsql": [
        "SELECT TOP 5 a FROM t;", "SELECT TOP (5) WITH TIES a FROM t ORDER BY a;", "SELECT [a b] FROM [dbo].[t];",
        "CREATE TABLE t (id INT IDENTITY(1,1) PRIMARY KEY, name NVARCHAR(MAX));", "DECLARE @x INT = 1;\nSELECT @x;",
        "SELECT GETDATE(), ISNULL(a, 0) FROM t;", "SELECT a FROM t ORDER BY a OFFSET 5 ROWS FETCH NEXT 5 ROWS ONLY;",
        "IF EXISTS (SELECT 1 FROM t)\nBEGIN\n    DELETE FROM t;\nEND", "CREATE PROCEDURE p @a INT AS\nBEGIN\n    SELECT @a;\nEND",
        "SELECT a FROM t CROSS APPLY f(t.a) AS x;", "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET t.a = u.a WHEN NOT MATCHED THEN INSERT (a) VALUES (u.a);",
        "SELECT a INTO #tmp FROM t;", "SELECT a FROM t WITH (NOLOCK);", "SELECT CONVERT(VARCHAR(10), d, 120) FROM t;", "SELECT a FROM t LIMIT 5;",
        "BEGIN TRY\n    SELECT 1 / 0;\nEND TRY\nBEGIN CATCH\n    SELECT ERROR_MESSAGE();\nEND CATCH;", "SELECT * FROM t PIVOT (SUM(a) FOR b IN ([x], [y])) AS p;",
        "EXEC sp_help 't';", "SELECT a FROM t\nGO\nSELECT b FROM u\nGO", "UPDATE t SET a = 1 OUTPUT inserted.a WHERE b = 2;", "SELECT STRING_AGG(a, ',') WITHIN GROUP (ORDER BY a) FROM t;",
        "SELECT a FROM t FOR JSON PATH;", "WHILE @i < 5\nBEGIN\n    SET @i = @i + 1;\nEND", "SELECT IIF(a > 1, 'x', 'y') FROM t;",
        "SELECT a\nFROM t\nWHERE a = 1\nSELECT b FROM u", "DECLARE @x INT\nSET @x = 1\nSELECT @x", "CREATE NONCLUSTERED INDEX i ON t (a) INCLUDE (b);",
        "CREATE OR ALTER PROC dbo.p @a INT, @b VARCHAR(10) = 'x' OUTPUT\nAS\nBEGIN\n    SET NOCOUNT ON;\n    SELECT @a\nEND", "ALTER PROCEDURE p AS SELECT 1;",
        "CREATE PROCEDURE p AS\nBEGIN\n    BEGIN TRY\n        BEGIN TRANSACTION;\n        UPDATE t SET a = 1;\n        COMMIT TRANSACTION;\n    END TRY\n    BEGIN CATCH\n        ROLLBACK TRANSACTION;\n        THROW;\n    END CATCH\nEND",
        "CREATE FUNCTION f(@a INT) RETURNS INT AS\nBEGIN\n    RETURN @a + 1;\nEND", "CREATE PROCEDURE p @a INT AS\nBEGIN\n    SELEC @a;\nEND", "BEGIN TRY\n    SELECT FROM t;\nEND TRY\nBEGIN CATCH\n    THROW;\nEND CATCH",
        "SELECT 'BEGIN TRY GO' AS a -- END CATCH", "ALTER TABLE t ADD CONSTRAINT c DEFAULT 0 FOR a;", "SELECT a FROM t WHERE a = 1 SELECT", "SELECT '😀' AS a SELECT 2",
    ],
    "sql:bigquery": [
        "SELECT a FROM `p.d.t` LIMIT 5;", "SELECT ARRAY_AGG(a ORDER BY b LIMIT 3) FROM t;", "SELECT * EXCEPT (a) FROM t;", "SELECT * REPLACE (a + 1 AS a) FROM t;",
        "SELECT STRUCT(1 AS a, 'x' AS b);", "SELECT x FROM UNNEST([1, 2, 3]) AS x WITH OFFSET AS o;", "SELECT a FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) = 1;",
        "SELECT DATE_DIFF(CURRENT_DATE(), d, DAY) FROM t;", "CREATE OR REPLACE TABLE d.t PARTITION BY DATE(ts) CLUSTER BY a AS SELECT * FROM u;",
        "SELECT SAFE_CAST(a AS INT64) FROM t;", "SELECT a[OFFSET(0)] FROM t;", "CREATE TABLE d.t (a INT64, b STRUCT<x STRING, y ARRAY<INT64>>);",
        "SELECT TIMESTAMP_TRUNC(ts, HOUR), COUNTIF(a > 1) FROM t GROUP BY 1;", "DECLARE x INT64 DEFAULT 5; SELECT x;", "SELECT r'\\d+', b'x', '''long''';",
        "SELECT TOP 5 a FROM t;", "SELECT a FROM t, UNNEST(t.items) AS i;", "SELECT a FROM t WHERE ts > TIMESTAMP '2024-01-01' AND d = DATE '2024-01-01';",
        "MERGE d.t AS t USING d.u AS u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = u.a WHEN NOT MATCHED THEN INSERT (id) VALUES (u.id);", "SELECT a FROM t FOR SYSTEM_TIME AS OF TIMESTAMP '2024-01-01';",
        "SELECT INTERVAL 5 DAY, EXTRACT(YEAR FROM d) FROM t;", "SELECT IF(a > 1, 'x', 'y') FROM t;",
    ],
    "sql:mysql": [
        "SELECT `a` FROM `t` LIMIT 2, 5;", "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, s ENUM('a', 'b')) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;",
        "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a);", "SELECT GROUP_CONCAT(a ORDER BY b SEPARATOR ',') FROM t;", "SHOW TABLES;",
        "SELECT DATE_ADD(d, INTERVAL 1 DAY) FROM t;", "INSERT IGNORE INTO t (a) VALUES (1);", "REPLACE INTO t (a) VALUES (1);", "SELECT TOP 5 a FROM t;",
        "DELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n    SELECT 1;\nEND //\nDELIMITER ;", "UPDATE t JOIN u ON t.id = u.id SET t.a = u.a;", "SELECT a FROM t WHERE a REGEXP '^x';",
        "ALTER TABLE t MODIFY COLUMN a BIGINT UNSIGNED NOT NULL;", "CREATE TABLE t (a INT UNSIGNED, KEY idx (a), UNIQUE KEY u (a));", "SELECT IF(a > 1, 'x', 'y'), IFNULL(a, 0) FROM t;",
        "SELECT a->'$.b', a->>'$.c' FROM t;", "SET @x = 1;", "SELECT SQL_CALC_FOUND_ROWS a FROM t;", "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;",
        "SELECT [a] FROM t;", "SELECT STR_TO_DATE('2024-01-01', '%Y-%m-%d');", "DELETE t FROM t JOIN u ON t.id = u.id;", "CREATE TABLE t (d DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP);",
        "CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC\nRETURN a + 1;", "DELIMITER $$\nCREATE FUNCTION f(a INT) RETURNS VARCHAR(10)\nDETERMINISTIC\nREADS SQL DATA\nBEGIN\n    DECLARE x INT DEFAULT 0;\n    RETURN x;\nEND$$\nDELIMITER ;",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t;", "DELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n    SELEC 1;\nEND //\nDELIMITER ;", "CREATE PROCEDURE p(IN a INT)\nBEGIN\n    SELECT a\nEND",
    ],
    "sql:postgres": [
        "SELECT a::int FROM t LIMIT 5;", "SELECT DISTINCT ON (a) a FROM t ORDER BY a, b;", "INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO NOTHING RETURNING *;",
        "CREATE TABLE t (id SERIAL PRIMARY KEY, j JSONB, tags TEXT[]);", "SELECT j->'a'->>'b' FROM t WHERE tags @> ARRAY['x'];", "SELECT generate_series(1, 10);",
        "CREATE FUNCTION f(a INT) RETURNS INT AS $$\nBEGIN\n    RETURN a + 1;\nEND;\n$$ LANGUAGE plpgsql;", "SELECT a FROM t WHERE a ILIKE '%x%' AND b ~ '^y';",
        "SELECT TOP 5 a FROM t;", "SELECT COUNT(*) FILTER (WHERE a > 1) FROM t;", "SELECT a FROM t, LATERAL (SELECT b FROM u WHERE u.id = t.id) x;",
        "CREATE TYPE mood AS ENUM ('a', 'b');", "CREATE MATERIALIZED VIEW v AS SELECT 1;", "SELECT `a` FROM t;", "SELECT string_agg(a, ',' ORDER BY a) FROM t;",
        "CREATE INDEX CONCURRENTLY i ON t USING gin (j);", "DO $$ BEGIN RAISE NOTICE 'x'; END $$;", "SELECT a FROM t FOR UPDATE SKIP LOCKED;", "SELECT INTERVAL '1 day' + now();",
        "UPDATE t SET a = u.a FROM u WHERE t.id = u.id;", "COPY t FROM 'f.csv' WITH (FORMAT csv);", "CREATE TABLE t (a INT GENERATED ALWAYS AS IDENTITY, b TIMESTAMPTZ DEFAULT now()) PARTITION BY RANGE (a);",
        "EXPLAIN ANALYZE SELECT 1;", "SELECT a FROM t WHERE (a, b) IN ((1, 2));", "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY a) FROM t;", "SELECT ROW_NUMBER() OVER w FROM t WINDOW w AS (ORDER BY a);",
    ],
}  # fmt: skip


def python(snippets):
    """One at a time, as a cell is: an answer must not depend on its company."""
    validator = PythonValidator(CodeValidatorParams(code_lang="python"))
    return [validator.run_validation([{"code": snippet}]).model_dump()["data"][0] for snippet in snippets]


def sql(dialect, snippets):
    validator = SQLValidator(CodeValidatorParams(code_lang=dialect))
    return [validator.run_validation([{"code": snippet}]).model_dump()["data"][0] for snippet in snippets]


json.dump(
    {
        "python": [{"code": code, "result": result} for code, result in zip(PYTHON, python(PYTHON))],
        "sql": [
            {"dialect": dialect, "code": code, "result": result}
            for dialect, own in SQL.items()
            for code, result in zip(COMMON + own, sql(dialect, COMMON + own))
        ],
    },
    sys.stdout,
    indent=1,
)
