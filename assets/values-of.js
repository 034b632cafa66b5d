// <form data-values-of="id">: takes along what stands in that form when it is submitted. So a form has two
// buttons with a handler each: its own submit button, which Enter presses, and one of this form's.
document.addEventListener("formdata", (event) => {
  const from = document.getElementById(event.target.dataset?.valuesOf);
  if (!from) return;
  for (const [name, value] of new FormData(from)) event.formData.append(name, value);
});
