const wide = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= wide) return [];
return [...document.body.querySelectorAll("*")]
  .filter((element) => element.getBoundingClientRect().right > wide + 1)
  .map((element) => `${element.tagName.toLowerCase()}.${element.className} ${element.textContent.trim().slice(0, 40)}`);
