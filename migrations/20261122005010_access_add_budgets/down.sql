DROP TABLE access_budget_people;
DROP TABLE access_budget_days;
