"use strict";
// Tables that sort by click or keyboard, and filters where a table is long. Of a long table the
// page has the first rows only; all of them are in a script element of JSON, as [text, number]
// or text per cell.
(() => {
  const STEP = 200;

  const rowsOf = (table) => {
    const store = document.getElementById(table.id + "-rows");
    if (store) return JSON.parse(store.textContent).map((cells) => ({ cells }));
    return [...table.tBodies[0].rows].map((row) => ({
      row,
      cells: [...row.cells].map((cell) =>
        "v" in cell.dataset ? [cell.textContent, Number(cell.dataset.v)] : cell.textContent),
    }));
  };
  const text = (cell) => (typeof cell === "string" ? cell : cell[0]);
  const key = (cell) => (typeof cell === "string" ? cell : cell[1]);
  const compare = (a, b) => {
    // Numbers before texts, nothing at the end whichever way.
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a < b ? -1 : a > b ? 1 : 0;
  };

  const setUp = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    const controls = document.getElementById(table.id + "-controls");
    const filters = controls ? [...controls.querySelectorAll("select")] : [];
    const every = rowsOf(table);
    let shown = every;
    let limit = STEP;

    const element = (item) => {
      if (item.row) return item.row;
      const row = document.createElement("tr");
      item.cells.forEach((cell, i) => {
        const head = heads[i].dataset.row !== undefined;
        const made = document.createElement(head ? "th" : "td");
        if (head) made.scope = "row";
        if (heads[i].classList.contains("number")) made.className = "number";
        made.textContent = text(cell);
        row.append(made);
      });
      item.row = row;
      return row;
    };
    const draw = () => {
      table.tBodies[0].replaceChildren(...shown.slice(0, limit).map(element));
      if (!controls) return;
      const count = Math.min(limit, shown.length);
      controls.querySelector("output").textContent = `${count} of ${shown.length} rows`;
      for (const button of controls.querySelectorAll("button")) {
        button.hidden = count === shown.length;
      }
    };
    const filter = () => {
      const wanted = filters.filter((one) => one.value !== "");
      shown = every.filter(({ cells }) =>
        wanted.every((one) => text(cells[Number(one.dataset.column)]) === one.value));
      limit = STEP;
      draw();
    };
    const sort = (column) => {
      const down = heads[column].getAttribute("aria-sort") === "ascending";
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
      const empty = ({ cells }) => text(cells[column]) === "";
      every.sort((a, b) => {
        if (empty(a) || empty(b)) return empty(a) - empty(b);
        const order = compare(key(a.cells[column]), key(b.cells[column]));
        return down ? -order : order;
      });
      filter();
    };

    heads.forEach((head, column) => {
      const button = head.querySelector("button");
      if (button) button.addEventListener("click", () => sort(column));
    });
    if (!controls) return;
    controls.hidden = false;
    filters.forEach((one) => one.addEventListener("change", filter));
    const [more, all] = controls.querySelectorAll("button");
    more.addEventListener("click", () => { limit += STEP; draw(); });
    all.addEventListener("click", () => { limit = Infinity; draw(); });
    filter();
  };

  document.querySelectorAll("table.sortable").forEach(setUp);
})();
