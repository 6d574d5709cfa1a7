// @ts-check
/** Rows of the wire as a CSV file that a spreadsheet opens without running anything in it. */

/** @param {any} value @returns {string} */
function cell(value) {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const isAmount = /^-?\d*\.?\d+(e[-+]?\d+)?$/i.test(text);
  const isFormula = /^[-=+@\t\r\n]/.test(text) && !isAmount;
  const safe = isFormula ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {any[]} rows @returns {string} columns are the keys of the first row */
export function csvOf(rows) {
  const columns = Object.keys(rows[0] || {});
  return [columns.join(','), ...rows.map((row) => columns.map((column) => cell(row[column])).join(','))].join('\r\n') + '\r\n';
}

/** @param {string} name @param {any[]} rows */
export function saveCsv(name, rows) {
  const address = URL.createObjectURL(new Blob([csvOf(rows)], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
